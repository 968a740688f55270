//! `defender_xdr.add_comment` and `defender_xdr.add_alert_comment`: says something in the record, once.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request, State};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ON_ALERT, ON_INCIDENT};
use crate::client::Client;
use crate::facet::no_target;
use crate::matter::{AlertOutput, IncidentOutput, Matter, Shown, Which};

/// What is surely taken: no limit is documented.
const LONGEST: usize = 1000;

/// Comments an incident.
pub(crate) struct AddComment;

/// Comments an alert.
pub(crate) struct AddAlertComment;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnIncident {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
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

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnAlert {
    /// The alert, such as `{{ alert.id }}`.
    alert: String,
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

impl Action for AddComment {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.add_comment",
        repeat: Repeat::Keyed,
        readable: false,
        summary: "Adds a comment to an incident in Defender XDR, once for each task.",
        vendor_page: "https://learn.microsoft.com/graph/api/security-incident-post-comments",
        ..ON_INCIDENT
    };
    type Params = OnIncident;
    type Output = IncidentOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<OnIncident>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let (params, key) = (request.params(), &request.key().0);
        let message = Message::new(None, &params.message, &params.details, params.link.as_deref(), key)?;
        let which = Which::incident(params.incident.as_deref(), params.alert.as_deref())?;
        let deadline = Deadline::after(request.time_limit());
        say(client, which, &message, Self::SPEC.permissions[0], deadline).await
    }
}

impl Action for AddAlertComment {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.add_alert_comment",
        repeat: Repeat::Keyed,
        readable: false,
        summary: "Adds a comment to an alert in Defender XDR, once for each task.",
        vendor_page: "https://learn.microsoft.com/graph/api/security-alert-post-comments",
        ..ON_ALERT
    };
    type Params = OnAlert;
    type Output = AlertOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<OnAlert>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let (params, key) = (request.params(), &request.key().0);
        let message = Message::new(None, &params.message, &params.details, params.link.as_deref(), key)?;
        let which = Which::alert(&params.alert)?;
        let deadline = Deadline::after(request.time_limit());
        say(client, which, &message, Self::SPEC.permissions[0], deadline).await
    }
}

/// Looks whether it was said before, and says it where it was not.
async fn say<S: Shown>(
    client: &Client,
    which: Which<'_>,
    message: &Message,
    right: &str,
    deadline: Deadline,
) -> Result<Outcome<S>, ActionError> {
    let matter = client.find(which, deadline).await?;
    let mark = mark(&message.key);
    let said = matter.comments().any(|comment| comment.trim_end().ends_with(&mark));
    if !said {
        client.comment(&matter, &text(message, &mark), right, deadline).await?;
    }
    Ok(told(&matter, said))
}

fn told<S: Shown>(matter: &Matter, said: bool) -> Outcome<S> {
    let output = S::of(matter);
    let outcome = match said {
        true => Outcome::unchanged(output),
        false => Outcome::changed(State::default(), State::default(), output),
    };
    Outcome { external_id: Some(matter.id.clone()), ..outcome }
}

/// By which a comment is found again: the whole key of its task, at the very end.
fn mark(key: &str) -> String {
    let plain: String = key.chars().filter(|letter| !letter.is_control()).collect();
    format!("[quell {plain}]")
}

fn text(message: &Message, mark: &str) -> String {
    let link = message.link.as_ref().map(|link| format!("{link}\n")).unwrap_or_default();
    let end = format!("\n\n{link}{mark}");
    let said = Message { link: None, ..message.clone() }.plain();
    let said = said.strip_suffix(&message.footer()).unwrap_or(&said).trim_end();
    format!("{}{end}", clip(said, LONGEST.saturating_sub(end.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_what_was_said_and_never_the_mark() {
        let message =
            Message::new(None, &"ä".repeat(5000), &Map::new(), Some("https://q.example/r/1"), "run/1")
                .unwrap();
        let text = text(&message, &mark("run/1"));
        assert!(
            text.chars().count() <= LONGEST && text.ends_with("…\n\nhttps://q.example/r/1\n[quell run/1]"),
            "{text}"
        );
        let message = Message::new(None, "Contained.", &Map::new(), None, "run/1").unwrap();
        assert_eq!(super::text(&message, &mark("run/1")), "Contained.\n\n[quell run/1]");
    }

    #[test]
    fn one_mark_is_no_end_of_another() {
        assert!(!mark("run/1/undo").ends_with(&mark("run/1")) && !mark("a run/1").ends_with(&mark("run/1")));
        assert_eq!(mark("run\n/1"), "[quell run/1]", "it stays on its line");
    }
}
