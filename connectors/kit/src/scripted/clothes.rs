//! The same answer in other clothes: whoever reads it must come to the same.

use serde_json::{Value, json};

use super::Reply;

/// So many bytes go into one part.
const PART: usize = 7;
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Packed, in parts, with names of headers in capitals, a mark of the encoding, and more in it than was known.
pub fn dressed_up(reply: Reply) -> Reply {
    let Reply::Answer { status, headers, body } = reply else { return reply };
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nTRANSFER-ENCODING: chunked\r\n");
    let body = match serde_json::from_slice(&body) {
        Ok(value) => {
            head.push_str(
                "CONTENT-ENCODING: gzip\r\nCONTENT-TYPE: application/json; charset=\"UTF-8\"; v=2\r\n",
            );
            packed(&[MARK, wordy(value).to_string().as_bytes()].concat())
        }
        Err(_) => body,
    };
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
        head.push_str(&format!("{}: {value}\r\n", name.to_uppercase()));
    }
    let mut bytes = (head + "\r\n").into_bytes();
    for part in body.chunks(PART) {
        bytes.extend_from_slice(format!("{:X};part=1\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    match status {
        // What has no body has no parts of it.
        204 | 304 => {
            Reply::Raw(format!("HTTP/1.1 {status} Scripted\r\nCONNECTION: close\r\n\r\n").into_bytes())
        }
        _ => Reply::Raw(bytes),
    }
}

/// In HTTP/1.0: of no length, and over when the connection is.
pub fn of_old(reply: Reply) -> Reply {
    let Reply::Answer { status, headers, body } = reply else { return reply };
    let mut head = format!("HTTP/1.0 {status} OK\r\n");
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    Reply::Raw([head.as_bytes(), b"\r\n", &body].concat())
}

/// With a member in every object that nobody knows, as interfaces grow.
fn wordy(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(wordy).collect(),
        Value::Object(members) => {
            let mut members: serde_json::Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, wordy(value))).collect();
            members.insert("addedLater".into(), json!({ "kind": "new", "values": [null, 1, "\u{1f600}"] }));
            Value::Object(members)
        }
        other => other,
    }
}

/// In the form of gzip, as it is: it allows parts that are not made smaller.
fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let parts: Vec<&[u8]> = plain.chunks(usize::from(u16::MAX)).collect();
    for (at, part) in parts.iter().enumerate() {
        packed.push(u8::from(at + 1 == parts.len()));
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(part);
    }
    packed.extend_from_slice(&checksum(plain).to_le_bytes());
    packed.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_le_bytes());
    packed
}

/// CRC-32, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_bears_the_sum_that_everybody_reckons() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
