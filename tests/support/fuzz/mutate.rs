//! How a case is made from samples: bytes are wounded, trees are grown and cut, texts are put together from words.

use serde_json::{Map, Number, Value, json};

use super::Random;

/// What readers stumble over.
const WORDS: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ",",
    ":",
    "\\",
    "\n",
    "\r\n",
    "\t",
    " ",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "- ",
    "? ",
    "|\n",
    ">\n",
    "~",
    "null",
    "true",
    "-0",
    "1e999",
    "99999999999999999999",
    "0x7f",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "ä",
    "𝒳",
    "{{",
    "}}",
    "{%",
    "%}",
    "$..",
    "[?(@",
    "CEF:0|",
    "|",
    "=",
    "%2F",
];

/// One of what readers stumble over.
fn word(random: &mut Random) -> &'static str {
    WORDS[random.below(WORDS.len())]
}

/// Some of the bytes are others: flipped, cut, doubled, put elsewhere, taken from another sample.
pub fn bytes(random: &mut Random, samples: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.of::<Vec<u8>>(samples).clone();
    for _ in 0..=random.below(6) {
        wound(random, &mut bytes, samples);
        bytes.truncate(256 * 1024);
    }
    bytes
}

fn wound(random: &mut Random, bytes: &mut Vec<u8>, samples: &[Vec<u8>]) {
    let at = random.below(bytes.len());
    let end = at + random.below((bytes.len() - at).min(200) + 1);
    match random.below(9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        2 => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 => {
            let piece = bytes[at..end].repeat(1 + random.below(40));
            drop(bytes.splice(at..at, piece));
        }
        5 => {
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len());
            drop(bytes.splice(to..to, piece));
        }
        6 => {
            let other = random.of::<Vec<u8>>(samples).clone();
            let from = random.below(other.len());
            let to = from + random.below((other.len() - from).min(400) + 1);
            drop(bytes.splice(at..end, other[from..to].iter().copied()));
        }
        7 => {
            let word = word(random).repeat(1 + random.below(3) * random.below(60));
            drop(bytes.splice(at..at, word.into_bytes()));
        }
        _ => drop(bytes.splice(at..end, word(random).bytes())),
    }
}

/// The lines of a text are others: left out, doubled, swapped, moved in or out, and some words in them.
pub fn lines(random: &mut Random, samples: &[Vec<u8>]) -> Vec<u8> {
    let text = String::from_utf8_lossy(random.of::<Vec<u8>>(samples)).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(5) {
        let at = random.below(lines.len());
        if lines.is_empty() {
            break;
        }
        match random.below(7) {
            0 => drop(lines.remove(at)),
            1 => {
                let other = random.below(lines.len());
                lines.swap(at, other);
            }
            2 => {
                let copies = vec![lines[at].clone(); 1 + random.below(3)];
                drop(lines.splice(at..at, copies));
            }
            3 => lines[at] = format!("{}{}", " ".repeat(random.below(5)), lines[at]),
            4 => lines[at] = lines[at].trim_start().to_owned(),
            5 => {
                let other = String::from_utf8_lossy(random.of::<Vec<u8>>(samples)).into_owned();
                let others: Vec<&str> = other.lines().collect();
                lines.insert(at, (*random.of(&others)).to_owned());
            }
            _ => lines[at] = with_a_word(random, &lines[at]),
        }
    }
    lines.join("\n").into_bytes()
}

fn with_a_word(random: &mut Random, line: &str) -> String {
    let mut words: Vec<&str> = line.split_inclusive([' ', ':', ',']).collect();
    let at = random.below(words.len() + 1).min(words.len());
    words.insert(at, word(random));
    words.concat()
}

/// A value whose tree is another: branches left out, doubled, deepened, put elsewhere, of another kind, extreme.
pub fn tree(random: &mut Random, value: &Value, others: &[Value]) -> Value {
    let mut changed = value.clone();
    for _ in 0..=random.below(4) {
        let branches = count(&changed);
        let at = random.below(branches);
        let graft = graft(random, others);
        change(&mut changed, &mut { at }, &mut |branch| twist(random, branch, graft.clone()));
    }
    changed
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the branch with this number.
fn change(value: &mut Value, at: &mut usize, twist: &mut dyn FnMut(&mut Value)) -> bool {
    if *at == 0 {
        twist(value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, at, twist)),
        Value::Object(fields) => fields.values_mut().any(|field| change(field, at, twist)),
        _ => false,
    }
}

/// Something to put in a branch's place: a piece of another tree, or an extreme.
fn graft(random: &mut Random, others: &[Value]) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => json!(random.number()),
        2 => json!(i64::MIN),
        3 => Number::from_f64(1e308).map_or(Value::Null, Value::Number),
        4 => json!(word(random).repeat(1 + random.below(50))),
        5 => (0..random.below(100)).fold(json!({}), |inner, _| json!([inner])),
        6 => json!((0..random.below(300)).collect::<Vec<usize>>()),
        _ if others.is_empty() => json!({}),
        _ => {
            let other = random.of(others);
            let mut found = Value::Null;
            let at = random.below(count(other));
            change(&mut other.clone(), &mut { at }, &mut |branch| found = branch.clone());
            found
        }
    }
}

fn twist(random: &mut Random, branch: &mut Value, graft: Value) {
    let choice = random.below(6);
    match (choice, &mut *branch) {
        (0, Value::Array(items)) if !items.is_empty() => drop(items.remove(0)),
        (1, Value::Array(items)) if !items.is_empty() => items.push(items[0].clone()),
        (0 | 1, Value::Object(fields)) if !fields.is_empty() => leave_one_out(random, fields),
        (2, Value::Object(fields)) => drop(fields.insert(word(random).to_owned(), graft)),
        (3, Value::String(text)) => text.push_str(word(random)),
        (4, Value::String(text)) => *branch = json!(text.to_uppercase()),
        (5, _) => *branch = json!(branch.to_string()),
        _ => *branch = graft,
    }
}

fn leave_one_out(random: &mut Random, fields: &mut Map<String, Value>) {
    let names: Vec<String> = fields.keys().cloned().collect();
    fields.remove(random.of(&names));
}

/// A text of these words and the stumbling blocks, in any order.
pub fn sentence(random: &mut Random, words: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(14) {
        let word = if random.below(6) == 0 { word(random) } else { random.of(words) };
        text.push_str(word);
        if random.below(3) != 0 {
            text.push(' ');
        }
    }
    text
}
