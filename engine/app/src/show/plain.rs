//! Text from outside, shown so that it can neither forge a line of ours nor hide a part of itself.

use quell_playbook::render::is_forbidden;

/// The text in one line, with everything written out that cannot be seen: line breaks, controls, and what turns the
/// direction of writing or takes no room.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || is_forbidden(letter) {
            shown.extend(letter.escape_default())
        } else {
            shown.push(letter)
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_begins_a_line_or_hides() {
        let forged = "x\n  answers: approve\r\n7d7d/plan\tharmless \u{202e}dne\u{2028}\u{200b}\u{1b}[2J";
        assert_eq!(
            plain(forged),
            "x\\n  answers: approve\\r\\n7d7d/plan\\tharmless \\u{202e}dne\\u{2028}\\u{200b}\\u{1b}[2J"
        );
        assert_eq!(plain("Zoë off: Müller’s  „Gerät“ 日本 😀"), "Zoë off: Müller’s  „Gerät“ 日本 😀");
    }
}
