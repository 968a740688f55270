//! A message in Slack's own form.

use quell_kit::{Message, clip};
use serde_json::{Value, json};

/// Slack's limits, each with some room to spare.
const HEADER: usize = 150;
const SECTION: usize = 2900;
const FIELD: usize = 1900;
const FIELDS_IN_ONE: usize = 10;
const MOST_FIELDS: usize = 20;

/// The blocks, and the text for where no blocks are shown.
pub(crate) fn render(message: &Message) -> (String, Value) {
    with_buttons(message, Vec::new())
}

/// The same with buttons below it.
pub(crate) fn with_buttons(message: &Message, buttons: Vec<Value>) -> (String, Value) {
    let mut blocks = Vec::new();
    if let Some(title) = &message.title {
        blocks
            .push(json!({ "type": "header", "text": { "type": "plain_text", "text": clip(title, HEADER) } }));
    }
    if !message.text.is_empty() {
        blocks.push(json!({ "type": "section", "text": marked(&clipped(&message.text, SECTION)) }));
    }
    let facts = &message.facts[..message.facts.len().min(MOST_FIELDS)];
    for facts in facts.chunks(FIELDS_IN_ONE) {
        let field = |(name, value): &(String, String)| {
            marked(&format!("*{}*\n{}", escaped(name), clipped(value, FIELD / FIELDS_IN_ONE * 2)))
        };
        blocks.push(json!({ "type": "section", "fields": facts.iter().map(field).collect::<Vec<_>>() }));
    }
    if let Some(link) = &message.link {
        let button = json!({ "type": "button", "url": link.as_str(), "text": { "type": "plain_text", "text": "Open" } });
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    if !buttons.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    blocks.push(json!({ "type": "context", "elements": [marked(&clipped(&message.footer(), 300))] }));
    (escaped(&message.headline(300)), Value::Array(blocks))
}

fn marked(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn clipped(text: &str, longest: usize) -> String {
    // Escaped first, a cut could go through the middle of an escape; what is cut before may grow five times.
    let mut longest = longest;
    loop {
        let text = escaped(&clip(text, longest));
        if text.chars().count() <= SECTION || longest < 100 {
            return text;
        }
        longest /= 2;
    }
}

/// What Slack takes for commands: mentions, links, channels.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    #[test]
    fn nobody_is_mentioned_and_nothing_is_too_long() {
        let facts: Map<String, Value> =
            (0..40).map(|n| (format!("fact <!here> {n}"), json!("<".repeat(700)))).collect();
        let text = format!("<!channel> <@U1> <https://evil.example|click> {}", "&".repeat(5000));
        let message =
            Message::new(Some(&"t".repeat(400)), &text, &facts, Some("https://q.example"), "r/1").unwrap();
        let (fallback, blocks) = render(&message);
        let shown = blocks.to_string();
        assert!(!shown.contains("<!channel>") && !shown.contains("<!here>") && !fallback.contains('<'));
        // Read so, a bare name of a channel or a person is no mention either.
        assert!(!shown.contains(r#""verbatim":false"#) && shown.contains(r#""verbatim":true"#), "{shown}");
        for block in blocks.as_array().unwrap() {
            for text in block["fields"].as_array().into_iter().flatten().chain([&block["text"]]) {
                assert!(text["text"].as_str().unwrap_or_default().chars().count() <= 3000);
            }
            assert!(block["fields"].as_array().is_none_or(|fields| fields.len() <= 10));
        }
        assert!(blocks.as_array().unwrap().len() <= 50);
    }
}
