//! [`Message`]: something to tell people, before it takes the form of a chat, a mail or a ticket.

use quell_action::{ActionError, Card, Choice};
use serde_json::{Map, Value};

use crate::Url;

/// More facts than this nobody reads.
const MOST_FACTS: usize = 40;
const LONGEST_FACT: usize = 600;

/// Something to tell people. What came from an alert is in it as text, and is escaped by whoever renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: Option<String>,
    /// What there is to say.
    pub text: String,
    /// Names and values, in order.
    pub facts: Vec<(String, String)>,
    /// Where to read on, or to act.
    pub link: Option<Url>,
    /// What can be answered, where it is a question, and the page that answers it. The address is a secret of its reader.
    pub answers: Vec<(String, Url)>,
    /// The task that sends it, by which a repetition is recognised.
    pub key: String,
}

impl Message {
    /// A message of what a playbook wrote.
    ///
    /// # Errors
    /// When there is nothing to say, or the link is none.
    pub fn new(
        title: Option<&str>,
        text: &str,
        facts: &Map<String, Value>,
        link: Option<&str>,
        key: &str,
    ) -> Result<Self, ActionError> {
        let title = title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
        let title = title.filter(|title| !title.is_empty());
        if title.is_none() && text.trim().is_empty() && facts.is_empty() {
            return Err(ActionError::rejected("the message says nothing: give it a title, a text or facts"));
        }
        let named = |(name, value): (&String, &Value)| (clip(name, 80), clip(&plain(value), LONGEST_FACT));
        let facts = facts.iter().filter(|(_, value)| !value.is_null()).take(MOST_FACTS).map(named).collect();
        Ok(Self {
            title,
            text: text.trim().to_owned(),
            facts,
            link: link.filter(|link| !link.trim().is_empty()).map(address).transpose()?,
            answers: Vec::new(),
            key: key.to_owned(),
        })
    }

    /// A question, with the pages that answer it.
    ///
    /// # Errors
    /// When an answer is no address of a page.
    pub fn asking(card: &Card) -> Result<Self, ActionError> {
        let answer = |choice: &Choice| Ok::<_, ActionError>((choice.label.clone(), address(&choice.seal)?));
        let answers = card.choices.iter().map(answer).collect::<Result<_, _>>()?;
        Ok(Self { answers, ..Self::of_card(card, card.question.clone())? })
    }

    /// A question, whose answers whoever renders it adds in a form of their own.
    ///
    /// # Errors
    /// When there is nothing to say.
    pub fn about(card: &Card) -> Result<Self, ActionError> {
        Self::of_card(card, card.question.clone())
    }

    /// What became of a question.
    ///
    /// # Errors
    /// When there is nothing to say.
    pub fn telling(card: &Card, word: &str) -> Result<Self, ActionError> {
        Self::of_card(card, format!("{word}.\n\n{}", card.question))
    }

    fn of_card(card: &Card, text: String) -> Result<Self, ActionError> {
        let facts =
            card.facts.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        Self::new(Some(&card.title), &text, &facts, None, &card.key)
    }

    /// The title, or the beginning of the text.
    pub fn headline(&self, longest: usize) -> String {
        let first = self.text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned);
        let fact = self.facts.first().map(|(name, value)| format!("{name}: {value}"));
        clip(&self.title.clone().or(first).or(fact).unwrap_or_default(), longest)
    }

    /// All of it in plain text.
    pub fn plain(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.title.clone());
        parts.extend(Some(self.text.clone()).filter(|text| !text.is_empty()));
        if !self.facts.is_empty() {
            let line = |(name, value): &(String, String)| format!("{name}: {value}");
            parts.push(self.facts.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        parts.extend(self.link.as_ref().map(Url::to_string));
        parts.extend(self.answers.iter().map(|(label, page)| format!("{label}:\n{page}")));
        parts.push(self.footer());
        parts.join("\n\n")
    }

    /// By which people and programs recognise a repetition.
    pub fn footer(&self) -> String {
        format!("Quell, {}", self.key)
    }
}

/// A text of so many characters at most; what is cut off shows.
pub fn clip(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// A value as people write it: lists with commas, maps as names and values.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let one = |(name, value): (&String, &Value)| format!("{name}: {}", plain(value));
            members.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

/// People click on it, so it has to lead to a page and nowhere else.
fn address(link: &str) -> Result<Url, ActionError> {
    let refused = || ActionError::rejected("the link of the message is no address of a page: https://…");
    let url = Url::parse(link).map_err(|_| refused())?;
    let plain = url.username().is_empty() && url.password().is_none();
    if plain && matches!(url.scheme(), "https" | "http") { Ok(url) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts() -> Map<String, Value> {
        let facts = json!({ "Account": "CORP\\alice", "Done": true, "Groups": ["a", "b"], "None": null, "Job": { "id": 7 } });
        facts.as_object().unwrap().clone()
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let message =
            Message::new(Some(" Account\ndisabled "), "why", &facts(), Some("https://q.example/r"), "r/1")
                .unwrap();
        let expected = "Account disabled\n\nwhy\n\nAccount: CORP\\alice\nDone: yes\nGroups: a, b\nJob: id: \
                        7\n\nhttps://q.example/r\n\nQuell, r/1";
        assert_eq!(message.plain(), expected);
        assert_eq!(message.headline(10), "Account d…");
        let untitled = Message::new(None, "first\nsecond", &Map::new(), None, "k").unwrap();
        assert_eq!(untitled.headline(50), "first");
        let nowhere = Message::new(None, "text", &Map::new(), Some(" "), "k").unwrap();
        assert_eq!(nowhere.link, None, "an alert may have no page");
    }

    #[test]
    fn a_message_does_not_hold_more_facts_than_anybody_reads() {
        let facts = (0..100).map(|number| (format!("fact {number:03}"), json!(number))).collect();
        let message = Message::new(None, "text", &facts, None, "k").unwrap();
        assert_eq!(message.facts.len(), MOST_FACTS);
    }

    #[test]
    fn what_says_nothing_or_leads_nowhere_is_refused() {
        assert!(Message::new(None, " \n", &Map::new(), None, "k").is_err());
        for link in ["javascript:alert(1)", "https://u:p@x.example", "x", "file:///etc/passwd"] {
            assert!(Message::new(None, "text", &Map::new(), Some(link), "k").is_err(), "{link}");
        }
    }
}
