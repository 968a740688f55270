//! How names are made comparable.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::IdentifierError;

/// Longer than any name of any directory; what is longer is an attack or a mistake.
const MOST_CHARACTERS: usize = 1024;

/// Trims a name, refuses control characters, and composes its characters (NFC), keeping its case.
pub(crate) fn clean(text: &str) -> Result<String, IdentifierError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if text.len() > MOST_CHARACTERS {
        return Err(IdentifierError::TooLong { length: text.len(), most: MOST_CHARACTERS });
    }
    if text.chars().any(is_forbidden) {
        return Err(IdentifierError::ControlCharacter { text: text.to_owned() });
    }
    Ok(if is_nfc(text) { text.to_owned() } else { text.nfc().collect() })
}

/// Folds the case of a clean name, so that names which a directory takes for one are one.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower-casing can leave characters that compose anew, hence the second normalisation.
    text.to_lowercase().nfc().collect()
}

/// Lower-case letters and digits of a text only: how product names and titles are compared, since pipelines were seen
/// that drop every blank.
pub(crate) fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Control characters, and the invisible ones that turn or hide text: two names that look the same must be the same.
fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_composed_and_free_of_control_characters() {
        assert_eq!(clean(" alice\t").unwrap(), "alice");
        assert_eq!(clean("re\u{0301}my").unwrap(), "r\u{00e9}my");
        assert_eq!(fold("ADMINISTRAT\u{00d6}R"), "administrat\u{00f6}r");
        for text in ["al\0ice", "al\nice", "al\u{202e}ice", "al\u{200b}ice"] {
            assert!(matches!(clean(text), Err(IdentifierError::ControlCharacter { .. })), "{text:?}");
        }
        assert_eq!(clean("  "), Err(IdentifierError::Empty));
        assert!(matches!(clean(&"a".repeat(2000)), Err(IdentifierError::TooLong { .. })));
    }

    #[test]
    fn squeezing_forgets_blanks_and_signs() {
        assert_eq!(squeeze("Microsoft Defender for Office 365"), squeeze("MicrosoftDefenderforOffice365"));
    }
}
