//! `sentinel.add_comment`: says something in the record of an incident, once.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request, State};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{BASE, READ};
use crate::client::{Client, id_of};
use crate::facet::no_target;
use crate::find::Which;
use crate::incident::Incident;

/// What Sentinel takes.
const LONGEST: usize = 30_000;
/// An incident takes no more.
const MOST: i64 = 100;

/// Adds a comment.
pub(crate) struct AddComment;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remark {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// What there is to say.
    #[serde(default)]
    message: String,
    /// Names and values, put below the message: `{ Account: alice }`, or the report of the run.
    #[serde(default, deserialize_with = "quell_kit::facts")]
    details: Map<String, Value>,
    /// Where to read on.
    #[serde(default)]
    link: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Remarked {
    /// The incident's name, a GUID: other steps take it as their `incident`.
    incident: String,
    /// Its number, as people know it.
    number: Option<i64>,
    /// The comment's id.
    comment: String,
}

impl Action for AddComment {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.add_comment",
        repeat: Repeat::Keyed,
        readable: false,
        permissions: &[READ, "Microsoft.SecurityInsights/incidents/comments/write"],
        summary: "Adds a comment to an incident in Sentinel, once for each task.",
        vendor_page: "https://learn.microsoft.com/rest/api/securityinsights/incident-comments",
        ..BASE
    };
    type Params = Remark;
    type Output = Remarked;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Remark>) -> Result<Outcome<Remarked>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let (params, key) = (request.params(), &request.key().0);
        let message = Message::new(None, &params.message, &params.details, params.link.as_deref(), key)?;
        let which = Which::of(params.incident.as_deref(), params.alert.as_deref())?;
        let incident = client.find(which, deadline).await?;
        let id = id_of(key);
        let output =
            Remarked { incident: incident.name.clone(), number: incident.number(), comment: id.clone() };
        let body = json!({ "properties": { "message": rendered(&message) } });
        let added = match client.add(&incident, ("comments", &id), body, deadline).await {
            Err(error) if is_full(&incident) => return Err(full(&incident, error)),
            added => added?,
        };
        let outcome = match added {
            true => Outcome::changed(State::default(), State::default(), output),
            false => Outcome::unchanged(output),
        };
        Ok(Outcome { external_id: Some(id), ..outcome })
    }
}

fn is_full(incident: &Incident) -> bool {
    incident.count("commentsCount").is_some_and(|count| count >= MOST)
}

fn full(incident: &Incident, mut error: ActionError) -> ActionError {
    let why = format!("; {} has {MOST} comments, and takes no more: add a tag or a task", incident.display());
    error.message.push_str(&why);
    error
}

/// Sentinel shows comments as HTML and Markdown; what came from an alert must be neither.
fn rendered(message: &Message) -> String {
    let plain = message.plain();
    let mut longest = LONGEST;
    loop {
        let text = escaped(&clip(&plain, longest));
        if text.chars().count() <= LONGEST {
            return text;
        }
        longest /= 2;
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("<br>"),
            '\r' => {}
            '&' | '<' | '>' | '"' | '[' | ']' | '(' | ')' | '`' | '*' | '_' | '~' | '#' | '|' | '\\'
            | '!' => {
                escaped.push_str(&format!("&#{};", u32::from(letter)));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_alert_says_stays_text_and_fits() {
        let shown = escaped("a\r\nb <img src=x> [click](https://evil.example) **now** & then");
        assert_eq!(
            shown,
            "a<br>b &#60;img src=x&#62; &#91;click&#93;&#40;https://evil.example&#41; &#42;&#42;now&#42;&#42; &#38; then"
        );
        let message = Message::new(None, &"<".repeat(100_000), &Map::new(), None, "r/1").unwrap();
        let shown = rendered(&message);
        assert!(shown.chars().count() <= LONGEST && shown.starts_with("&#60;&#60;"), "{}", shown.len());
    }
}
