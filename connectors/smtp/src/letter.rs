//! [`Letter`]: a message as a mail: plain text, and the same as HTML.

use std::borrow::Cow;
use std::collections::BTreeSet;

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use quell_action::{ActionError, TextFormat};
use quell_kit::{Message, clip};
use sha2::{Digest, Sha256};

use crate::settings::SmtpSettings;

/// More than this nobody should get at once.
const MOST_RECIPIENTS: usize = 50;

/// A mail, ready to be handed over.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) from: Address,
    pub(crate) to: Vec<Address>,
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Writes it. Whoever gets it does not see who else does.
    ///
    /// # Errors
    /// When it cannot be written, or is for somebody whom the site does not name.
    pub(crate) fn write(
        settings: &SmtpSettings,
        to: &[String],
        message: &Message,
    ) -> Result<Self, ActionError> {
        Self::to_addresses(settings, recipients(settings, to)?, message, None)
    }

    /// Writes it to one person, as an answer to an earlier mail where there is one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn to_person(
        settings: &SmtpSettings,
        address: &str,
        message: &Message,
        answers: Option<&str>,
    ) -> Result<Self, ActionError> {
        let address = address.parse().map_err(|_| unfit(format!("{address:?} is no address")))?;
        Self::to_addresses(settings, vec![address], message, answers)
    }

    fn to_addresses(
        settings: &SmtpSettings,
        to: Vec<Address>,
        message: &Message,
        answers: Option<&str>,
    ) -> Result<Self, ActionError> {
        let from: Mailbox = settings.from.parse().map_err(|_| unfit("`from` is no address".into()))?;
        let id = id(&message.key, from.email.domain());
        let mut builder = lettre::Message::builder()
            .from(from.clone())
            .message_id(Some(format!("<{id}>")))
            .subject(clip(&message.headline(150), 150));
        if let Some(answers) = answers {
            builder = builder.in_reply_to(format!("<{answers}>"));
        }
        if let [one] = to.as_slice() {
            builder = builder.to(Mailbox::new(None, one.clone()));
        } else {
            builder = builder.to(from.clone());
        }
        let body = MultiPart::alternative()
            .singlepart(
                SinglePart::builder().header(ContentType::TEXT_PLAIN).body(clip(&message.plain(), 100_000)),
            )
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(html(message)));
        let mut mail = builder.multipart(body).map_err(|error| unfit(error.to_string()))?;
        for (name, value) in [
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Quell-Task", message.key.as_str()),
        ] {
            let name = HeaderName::new_from_ascii_str(name);
            let value = value.replace(char::is_control, " ");
            mail.headers_mut().insert_raw(HeaderValue::new(name, value));
        }
        Ok(Self { id, from: from.email, to, bytes: mail.formatted() })
    }
}

fn unfit(why: String) -> ActionError {
    ActionError::rejected(format!("the mail cannot be written: {why}"))
}

/// The addresses behind the names, each once.
fn recipients(settings: &SmtpSettings, to: &[String]) -> Result<Vec<Address>, ActionError> {
    let mut addresses = BTreeSet::new();
    for name in to {
        if let Some(known) = settings.recipients.get(name) {
            addresses.extend(known.iter().cloned());
            continue;
        }
        let address: Address = name.trim().parse().map_err(|_| {
            let known = settings.recipients.keys().cloned().collect::<Vec<_>>().join(", ");
            ActionError::rejected(format!("{name:?} is neither an address nor one of the recipients {known}"))
        })?;
        if !settings.domains.iter().any(|domain| domain.eq_ignore_ascii_case(address.domain())) {
            return Err(ActionError::rejected(format!(
                "{address} is in none of the domains to which the site lets playbooks write"
            )));
        }
        addresses.insert(address.to_string());
    }
    match addresses.len() {
        0 => Err(ActionError::rejected("the mail is for nobody: name recipients under `to`")),
        count if count > MOST_RECIPIENTS => {
            Err(ActionError::rejected(format!("the mail is for {count} people, more than {MOST_RECIPIENTS}")))
        }
        _ => Ok(addresses.iter().filter_map(|address| address.parse().ok()).collect()),
    }
}

/// The same on every attempt: programs that know it already show the mail once.
fn id(key: &str, domain: &str) -> String {
    let sum: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("quell.{sum}@{domain}")
}

fn html(message: &Message) -> String {
    let mut html = String::from("<!DOCTYPE html><html><body style=\"font-family:sans-serif\">");
    if let Some(title) = &message.title {
        html.push_str(&format!("<h2>{}</h2>", escaped(title)));
    }
    if !message.text.is_empty() {
        html.push_str(&format!("<p>{}</p>", escaped(&clip(&message.text, 60_000)).replace('\n', "<br>")));
    }
    if !message.facts.is_empty() {
        html.push_str("<table cellpadding=\"4\">");
        for (name, value) in &message.facts {
            html.push_str(&format!(
                "<tr><th align=\"left\" valign=\"top\">{}</th><td>{}</td></tr>",
                escaped(name),
                escaped(value)
            ));
        }
        html.push_str("</table>");
    }
    if let Some(link) = &message.link {
        let link = escaped(link.as_str());
        html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
    }
    for (label, page) in &message.answers {
        html.push_str(&format!(
            "<p><a href=\"{}\" style=\"display:inline-block;padding:8px 20px;border:1px solid #444;border-radius:6px\">{}</a></p>",
            escaped(page.as_str()),
            escaped(label)
        ));
    }
    html.push_str(&format!("<p style=\"color:#666\">{}</p></body></html>", escaped(&message.footer())));
    html
}

fn escaped(text: &str) -> Cow<'_, str> {
    TextFormat::Html.escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn settings() -> SmtpSettings {
        serde_json::from_value(json!({
            "host": "smtp.corp.example", "from": "Quell <quell@corp.example>",
            "recipients": { "soc": ["soc@corp.example", "lead@other.example"] }, "domains": ["corp.example"],
        }))
        .unwrap()
    }

    fn write(to: &[&str], title: &str) -> Result<Letter, ActionError> {
        let facts: Map<_, _> = json!({ "Account": "<b>alice</b>" }).as_object().unwrap().clone();
        let message =
            Message::new(Some(title), "text", &facts, None, "run/1\r\nBcc: x@evil.example").unwrap();
        let to: Vec<String> = to.iter().map(|name| (*name).to_owned()).collect();
        Letter::write(&settings(), &to, &message)
    }

    #[test]
    fn mail_goes_only_where_the_site_lets_it() {
        let letter = write(&["soc", "boss@CORP.example", "soc@corp.example"], "t").unwrap();
        assert_eq!(letter.to.len(), 3);
        for to in
            [vec![], vec!["x@evil.example"], vec!["nobody"], vec!["a@corp.example.evil.example"], vec!["<x>"]]
        {
            assert!(write(&to, "t").is_err(), "{to:?}");
        }
    }

    #[test]
    fn no_header_is_added_and_no_markup() {
        let letter = write(&["soc"], "Hello\r\nBcc: x@evil.example\r\n\r\nbody").unwrap();
        let text = String::from_utf8(letter.bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
        assert!(head.contains("X-Quell-Task: run/1  Bcc: x@evil.example"), "{head}");
        assert!(
            head.contains("Auto-Submitted: auto-generated") && head.contains(&format!("<{}>", letter.id)),
            "{head}"
        );
        assert!(body.contains("&lt;b&gt;alice&lt;/b&gt;"), "{body}");
        assert_eq!(write(&["soc"], "a").unwrap().id, letter.id);
    }

    /// Each place of a message where a text of an alert may stand.
    #[test]
    fn no_part_of_a_message_becomes_markup() {
        let facts: Map<_, _> = json!({ "<i>name</i>": "<i>value</i>" }).as_object().unwrap().clone();
        let link = Some("https://quell.example/?a='b'&c=1");
        let mut message =
            Message::new(Some("<i>title</i>"), "<i>text</i>", &facts, link, "<i>key</i>").unwrap();
        let page = "https://quell.example/?x=1&y=2".parse().unwrap();
        message.answers.push(("<i>label</i>".into(), page));
        let html = html(&message);
        assert!(!html.contains("<i>"), "{html}");
        assert_eq!(html.matches("&lt;i&gt;").count(), 6, "{html}");
        assert!(!html.contains("'b'") && !html.contains("&c=1") && !html.contains("&y=2"), "{html}");
    }

    #[test]
    fn a_mail_is_for_fifty_people_at_most_and_they_do_not_see_each_other() {
        let all: Vec<String> = (0..51).map(|number| format!("p{number}@corp.example")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let letter = write(&all[..50], "t").unwrap();
        let text = String::from_utf8(letter.bytes).unwrap();
        assert!(letter.to.len() == 50 && !all.iter().any(|one| text.contains(one)), "{text}");
        assert!(write(&all, "t").is_err());
    }
}
