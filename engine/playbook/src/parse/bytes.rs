//! What can be said of a file before it is read as YAML.

use crate::codes;
use crate::diagnostic::{Diagnostic, Place};

/// Larger files are no playbooks.
const MOST_BYTES: usize = 256 * 1024;

/// The text of a file; or as much of it as is text, and why it is refused.
pub(super) fn check<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, (String, Box<Diagnostic>)> {
    if bytes.len() > MOST_BYTES {
        let message = format!(
            "the file has {} bytes, more than the {MOST_BYTES} that a playbook may have",
            bytes.len()
        );
        let refused = Diagnostic::error(codes::TOO_LARGE, Place::top(file), message)
            .help("one playbook a file; data belongs into lists and connectors");
        return Err((String::new(), Box::new(refused)));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let text = String::from_utf8_lossy(bytes).into_owned();
            let message = format!("the byte 0x{:02X} is not part of any UTF-8 character", bytes[at]);
            let refused = Diagnostic::error(
                codes::NOT_UTF8,
                Place::of(file, &text, at, at + '\u{fffd}'.len_utf8()),
                message,
            )
            .help("save the file as UTF-8");
            Err((text, Box::new(refused)))
        }
    }
}

/// Characters that cannot be seen, or that turn the text around them: a playbook must be what it looks like.
pub(super) fn check_characters(file: &str, text: &str) -> Vec<Diagnostic> {
    text.char_indices()
        .filter(|(_, c)| is_forbidden(*c))
        .take(10)
        .map(|(at, c)| {
            let message = format!("the character U+{:04X} cannot be seen", u32::from(c));
            Diagnostic::error(codes::INVISIBLE, Place::of(file, text, at, at + c.len_utf8()), message).help(
                format!(
                    "remove it; if you mean it, write it in a quoted text as \"\\u{:04X}\"",
                    u32::from(c)
                ),
            )
        })
        .collect()
}

/// Whether a character cannot be seen, or turns the text around it.
pub fn is_forbidden(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
        '\u{2028}' | '\u{2029}' | '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}
