//! A message as an adaptive card.

use quell_kit::{Message, clip};
use serde_json::{Value, json};

/// What Teams takes is 28 KB.
const MAX_BODY: usize = 27 * 1024;

/// The card, cut until it is no larger than Teams takes. What is to be clicked on is never cut.
pub(crate) fn render(message: &Message) -> Vec<u8> {
    let (mut text, mut facts) = (8000, message.facts.len());
    loop {
        let body = card(message, text, facts).to_string().into_bytes();
        if body.len() <= MAX_BODY || (text < 100 && facts == 0) {
            return body;
        }
        (text, facts) = (text / 2, facts / 2);
    }
}

fn card(message: &Message, longest: usize, facts: usize) -> Value {
    let mut body = Vec::new();
    if let Some(title) = &message.title {
        body.push(json!({
            "type": "TextBlock", "size": "Large", "weight": "Bolder", "wrap": true, "text": escaped(&clip(title, 300)),
        }));
    }
    if !message.text.is_empty() {
        body.push(
            json!({ "type": "TextBlock", "wrap": true, "text": escaped(&clip(&message.text, longest)) }),
        );
    }
    if facts > 0 {
        let fact =
            |(name, value): &(String, String)| json!({ "title": escaped(name), "value": escaped(value) });
        let facts: Vec<Value> = message.facts.iter().take(facts).map(fact).collect();
        body.push(json!({ "type": "FactSet", "facts": facts }));
    }
    let footer = escaped(&clip(&message.footer(), 300));
    body.push(
        json!({ "type": "TextBlock", "size": "Small", "isSubtle": true, "wrap": true, "text": footer }),
    );
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.4", "body": body,
    });
    let open = |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    let link = message.link.iter().map(|link| open("Open", link.as_str()));
    let answers = message.answers.iter().map(|(label, page)| open(label, page.as_str()));
    let actions: Vec<Value> = answers.chain(link).collect();
    if !actions.is_empty() {
        content["actions"] = json!(actions);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": content,
        }],
    })
}

/// What Markdown takes for links, lists and emphasis. Lines stay lines.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '|' | '!' => {
                escaped.extend(['\\', letter])
            }
            '\n' => escaped.push_str("\n\n"),
            '\r' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    #[test]
    fn a_card_is_never_too_large_and_keeps_its_link() {
        for size in [1, 1000, 100_000] {
            let facts: Map<String, Value> =
                (0..40).map(|n| (format!("fact {n}"), json!("*".repeat(size)))).collect();
            let message =
                Message::new(Some("t"), &"ä[x](y)".repeat(size), &facts, Some("https://q.example/r"), "r/1")
                    .unwrap();
            let body = render(&message);
            assert!(body.len() <= 28 * 1024, "{size}: {}", body.len());
            let card: Value = serde_json::from_slice(&body).unwrap();
            let content = &card["attachments"][0]["content"];
            assert_eq!(content["actions"][0]["url"], "https://q.example/r");
            assert!(content.to_string().contains("Quell, r/1"));
        }
    }

    #[test]
    fn no_part_of_a_card_is_markdown() {
        let link = "[x](https://evil.example)";
        let facts: Map<String, Value> = [(link.to_owned(), json!(link))].into_iter().collect();
        let message = Message::new(Some(link), link, &facts, None, link).unwrap();
        let card: Value = serde_json::from_slice(&render(&message)).unwrap();
        let body = card["attachments"][0]["content"]["body"].to_string();
        assert!(!body.contains("[x]"), "{body}");
        assert_eq!(body.matches(r"\\[x\\](https").count(), 5, "{body}");
    }

    #[test]
    fn text_of_an_alert_is_no_markdown() {
        assert_eq!(
            escaped("[click](https://evil.example) **now**"),
            r"\[click\](https://evil.example) \*\*now\*\*"
        );
    }
}
