//! Text in Atlassian's document format: Jira takes no plain text.

use quell_kit::clip;
use serde_json::{Value, json};

/// The most that a text may hold.
const LONGEST: usize = 30_000;

/// A text with its lines, and nothing in it that is more than text.
pub(crate) fn document(text: &str) -> Value {
    let text = clip(text, LONGEST);
    let paragraphs = text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph);
    json!({ "type": "doc", "version": 1, "content": paragraphs.collect::<Vec<_>>() })
}

fn paragraph(text: &str) -> Value {
    let mut content = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if !content.is_empty() {
            content.push(json!({ "type": "hardBreak" }));
        }
        content.push(json!({ "type": "text", "text": line }));
    }
    json!({ "type": "paragraph", "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines_and_no_text_is_empty() {
        let document = document("one\ntwo\n\n\n\nthree\n");
        assert_eq!(
            document["content"],
            json!([
                { "type": "paragraph", "content": [
                    { "type": "text", "text": "one" }, { "type": "hardBreak" }, { "type": "text", "text": "two" },
                ]},
                { "type": "paragraph", "content": [{ "type": "text", "text": "three" }] },
            ])
        );
    }
}
