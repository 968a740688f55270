//! `http.call`: one call to a host of the site.

use std::collections::BTreeMap;

use quell_action::{
    Action, ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, Request, State, Target, TargetKind,
};
use quell_kit::header::{HeaderName, HeaderValue};
use quell_kit::{Answer, Deadline, Method, RequestBuilder, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::address;
use crate::connector::NAME;
use crate::hosts::{Host, Hosts};
use crate::poll::Poll;
use crate::settings::is_free;

/// `http.call`.
pub struct Call;

/// What is asked of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Reads.
    Get,
    /// Reads the head of it.
    Head,
    /// Makes something.
    Post,
    /// Puts something in the place of another.
    Put,
    /// Changes a part.
    Patch,
    /// Takes something away.
    Delete,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallParams {
    /// The host, by its name in the site file.
    pub host: String,
    /// What is asked of it.
    #[serde(default = "get")]
    pub method: Verb,
    /// The path, below that of the host. Values do not belong in it, but into `segments` and `query`.
    #[serde(default)]
    pub path: String,
    /// Values that are added to the path, each as one part of it.
    #[serde(default)]
    pub segments: Vec<String>,
    /// The query: text, numbers, true and false, or lists of them.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// Headers.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The body, which is sent as JSON.
    #[serde(default)]
    pub body: Option<Map<String, Value>>,
    /// The statuses that mean success. Without it, all from 200 to 299.
    #[serde(default)]
    pub expect: Vec<u16>,
    /// How to ask about what takes its time.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// What later steps can read, each by a JSONPath into the answer: `{ id: $.job.id }`.
    #[serde(default)]
    pub values: Map<String, Value>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallOutput {
    /// The status of the first answer.
    pub status: u16,
    /// What was read of the answer, under the names of `values`.
    pub values: Map<String, Value>,
}

impl Action for Call {
    const SPEC: ActionSpec = ActionSpec {
        name: "http.call",
        provider: NAME,
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &["The host, allowed in the site file, and a credential of it"],
        summary: "Calls an HTTP interface of a host that the site allows.",
        vendor_page: "connectors/http/README.md",
    };
    type Params = CallParams;
    type Output = CallOutput;
    type Client = Hosts;

    const MAY_DISRUPT: bool = true;

    fn disrupts(params: &CallParams) -> bool {
        !params.method.reads()
    }

    async fn execute(
        hosts: &Hosts,
        request: &Request<CallParams>,
    ) -> Result<Outcome<CallOutput>, ActionError> {
        if *request.target() != Target::None {
            return Err(ActionError::rejected("http.call has no target"));
        }
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let host = hosts.named(&params.host)?;
        // Everything that can be wrong is found before anything is sent.
        let values = Wanted::parse(&params.values)?;
        params.poll.as_ref().map(|poll| poll.check(host, params.method.reads())).transpose()?;
        let (url, ordered) = build(host, params, &request.key().0)?;
        let answer =
            host.http.send(ordered, meaning(host, params.method), host.rate.turn(deadline.left()).await?);
        let answer = expected(answer.await?, &params.expect)?;
        let status = answer.status();
        let mut document = match params.poll.is_some() || !values.is_empty() {
            true => answer.json::<Value>()?,
            false => Value::Null,
        };
        if let Some(poll) = &params.poll {
            document = poll.follow(host, document, &url, deadline).await?;
        }
        let values = values.of(&document, &host.name, &host.redactor)?;
        let effect = match params.method.reads() {
            true => Effect::Unchanged,
            false => Effect::Changed { before: State::default(), after: State::default() },
        };
        Ok(Outcome { effect, external_id: None, output: CallOutput { status, values } })
    }
}

impl Verb {
    fn reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }
}

fn build(
    host: &Host,
    params: &CallParams,
    key: &str,
) -> Result<(quell_kit::Url, RequestBuilder), ActionError> {
    let allowed = &host.settings.methods;
    if !allowed.is_empty() && !allowed.contains(&params.method) {
        let method = params.method.method();
        return Err(ActionError::rejected(format!("the site does not allow {method} to {}", host.name)));
    }
    let query: BTreeMap<String, Value> = params.query.clone().into_iter().collect();
    let url = address::build(&host.url, &params.path, &params.segments, &query)?;
    let mut request =
        host.http.request(params.method.method(), url.clone()).header("accept", "application/json");
    for (name, value) in &params.headers {
        request = request.header(header_name(host, name)?, header_value(name, value)?);
    }
    if let Some(name) = &host.settings.key_header {
        request = request.header(name, key);
    }
    request = host.dress(request);
    Ok((
        url,
        match &params.body {
            Some(body) => request.json(body),
            None => request,
        },
    ))
}

fn header_name(host: &Host, name: &str) -> Result<HeaderName, ActionError> {
    let secret = match &host.settings.auth {
        Some(crate::Auth::Header(auth)) => Some(&auth.name),
        _ => None,
    };
    // Sent twice, the other side would choose between what the site says and what a playbook says.
    let mut own = host.settings.headers.keys().chain(&host.settings.key_header).chain(secret);
    let refused = || ActionError::rejected(format!("the header {name:?} is not for playbooks to set"));
    if own.any(|own| own.eq_ignore_ascii_case(name)) || !is_free(name) {
        return Err(refused());
    }
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())
}

fn header_value(name: &str, value: &Value) -> Result<HeaderValue, ActionError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(ActionError::rejected(format!("the header {name} takes text"))),
    };
    HeaderValue::from_str(&text).map_err(|_| {
        ActionError::rejected(format!("the value of the header {name} holds a line break, or no text"))
    })
}

/// What a lost answer means: reading did no harm; a host that recognises a repetition takes it again.
fn meaning(host: &Host, method: Verb) -> quell_kit::Call {
    match (method.reads(), &host.settings.key_header) {
        (true, _) => quell_kit::Call::Reads,
        (false, Some(_)) => quell_kit::Call::WritesKeyed,
        (false, None) => quell_kit::Call::Writes,
    }
}

fn expected(answer: Answer, expect: &[u16]) -> Result<Answer, ActionError> {
    if expect.contains(&answer.status()) {
        return Ok(answer);
    }
    let answer = answer.success()?;
    match expect.is_empty() {
        true => Ok(answer),
        // It was taken, and not as it should: what it did is not known.
        false => Err(answer.unreadable(&format!("its status {} is none of those expected", answer.status()))),
    }
}

fn get() -> Verb {
    Verb::Get
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Nobody can know what another interface does: whatever is more than reading is asked about as if it disrupted.
    #[test]
    fn what_does_not_only_read_counts_as_disruptive() {
        for (method, disrupts) in [
            ("GET", false),
            ("HEAD", false),
            ("POST", true),
            ("PUT", true),
            ("PATCH", true),
            ("DELETE", true),
        ] {
            let params = serde_json::from_value(json!({ "host": "desk", "method": method })).unwrap();
            assert_eq!(Call::disrupts(&params), disrupts, "{method}");
        }
    }
}
