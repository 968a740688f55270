//! [`Draft`]: what is known of a new playbook, and the two texts that come of it.

use std::fmt::Write as _;
use std::str::FromStr;

use clap::ValueEnum;
use quell_action::{ActionInfo, Catalogue, Impact, ParamKind, ParamSpec, TargetKind};
use serde_json::{Value, json};

/// What is known of a new playbook.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) techniques: Vec<String>,
    pub(super) severity: String,
    pub(super) each: Each,
    pub(super) actions: Vec<String>,
    pub(super) acts: bool,
}

/// Through what a new playbook goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Each {
    /// Each account that the alert names.
    Account,
    /// Each device that the alert names.
    Device,
    /// Nothing: it is about the alert as a whole.
    Nothing,
}

impl Each {
    /// Whether there is a target of this kind.
    pub(super) fn has(self, target: TargetKind) -> bool {
        match target {
            TargetKind::None => true,
            TargetKind::Account => self == Self::Account,
            TargetKind::Device => self == Self::Device,
        }
    }

    /// Who the alert of the test is about.
    fn who(self) -> &'static str {
        match self {
            Self::Account => "alice",
            Self::Device => "wks-alice",
            Self::Nothing => "",
        }
    }
}

impl FromStr for Each {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <Self as ValueEnum>::from_str(text.trim(), true).map_err(anyhow::Error::msg)
    }
}

/// The actions that a playbook of this kind can do, by name.
pub(super) fn fitting(catalogue: &Catalogue, each: Each) -> Vec<&'static str> {
    let mut names: Vec<&str> =
        catalogue.iter().filter(|info| each.has(info.spec.target)).map(|info| info.spec.name).collect();
    names.dedup();
    names
}

impl Draft {
    /// The playbook.
    pub(super) fn playbook(&self, catalogue: &Catalogue) -> String {
        let mode = if self.acts { "act" } else { "observe" };
        let mut text = format!(
            "language: 1\nplaybook: {}\ntitle: {}\nmode: {mode}\n\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: {} }}\n",
            self.name,
            quoted(&self.title),
            self.severity
        );
        if !self.techniques.is_empty() {
            let _ =
                writeln!(text, "      - alert.techniques: {{ any_of: [{}] }}", self.techniques.join(", "));
        }
        match self.each {
            Each::Nothing => {}
            Each::Account => {
                text.push_str("\nfor_each:\n  account:\n    from: alert.accounts\n    at_most: 5\n")
            }
            Each::Device => {
                text.push_str("\nfor_each:\n  device:\n    from: alert.devices\n    at_most: 2\n")
            }
        }
        text.push_str("\nsteps:\n");
        self.actions.iter().for_each(|action| text.push_str(&step(action, catalogue)));
        text
    }

    /// Its tests: that it does what it says, and that whoever is excluded is left alone.
    pub(super) fn test(&self, catalogue: &Catalogue) -> String {
        let alert = self.alert();
        let who = self.each.who();
        let of = |action: &String| match catalogue.named(action).next().map(|info| info.spec.target) {
            Some(TargetKind::None) | None => action.clone(),
            Some(_) => format!("{action} of {who}"),
        };
        let key = if self.acts { "actions" } else { "would" };
        let lines: String =
            self.actions.iter().map(|action| format!("        - {}\n", quoted(&of(action)))).collect();
        let given = self.lists();
        let mut text = format!(
            "language: 1\ntests:\n  - name: it does what it says\n    alert: {alert}\n{given}    expect:\n      {key}:\n{lines}"
        );
        let disruptive: Vec<&String> =
            self.actions.iter().filter(|action| is(catalogue, action, Impact::Disruptive)).collect();
        if disruptive.is_empty() {
            return text;
        }
        let entry = match self.each {
            Each::Account => "account: { sam: \"CONTOSO\\\\alice\" }",
            _ => "device: { name: wks-alice.contoso.example }",
        };
        // What cannot be done to them ends their lane: what stands below it is left out as well.
        let may_be_done = |action: &&String| {
            !disruptive.contains(action) && !catalogue.named(action).any(|info| info.disrupts(&needed(info)))
        };
        let rest: Vec<String> =
            self.actions.iter().take_while(may_be_done).map(|action| quoted(&of(action))).collect();
        let rest = if rest.is_empty() { "none".to_owned() } else { format!("[{}]", rest.join(", ")) };
        let _ = write!(
            text,
            "\n  - name: whoever is excluded is left alone\n    alert: {alert}\n    exclusions:\n      - {entry}\n        because: A person decides\n{given}    expect:\n      {key}: {rest}\n      skipped:\n        - {{ who: {who}, because: excluded }}\n"
        );
        text
    }

    /// What is in the named list before: whatever is taken out of it first.
    fn lists(&self) -> String {
        let first = self.actions.iter().find(|action| quell_action::lists::is_about_lists(action));
        match first.map(String::as_str) {
            None => String::new(),
            Some("list.remove") => format!("    lists: {{ {LIST}: [{TITLE}] }}\n"),
            Some(_) => format!("    lists: {{ {LIST}: [] }}\n"),
        }
    }

    /// An alert that starts it, as Sentinel writes it.
    fn alert(&self) -> String {
        let host = json!({
            "$id": "2", "Type": "host", "HostName": "wks-alice", "DnsDomain": "contoso.example",
            "AadDeviceId": "d0000000-0000-4000-8000-000000000002", "MdatpDeviceId": "a".repeat(40),
        });
        let account = json!({
            "$id": "1", "Type": "account", "Name": "alice", "NTDomain": "CONTOSO", "UPNSuffix": "contoso.example",
            "Sid": "S-1-5-21-1004336348-1177238915-682003330-1104",
            "AadUserId": "a0000000-0000-4000-8000-000000001104",
        });
        let mut alert = json!({
            "SystemAlertId": "00000000-0000-4000-8000-000000000001",
            "AlertName": TITLE, "DisplayName": TITLE,
            "AlertSeverity": "High", "Status": "New", "ProviderName": "Test", "ProductName": "Test",
            "TimeGenerated": "2026-03-02T12:00:00Z", "Entities": [account, host],
        });
        if !self.techniques.is_empty() {
            alert["Techniques"] = json!(self.techniques);
        }
        alert.to_string()
    }
}

/// What the alert of the test is called.
const TITLE: &str = "An alert of the test";

/// The named list of a draft.
const LIST: &str = "watched";

fn step(action: &str, catalogue: &Catalogue) -> String {
    let mut text = format!("  - do: {action}\n");
    let offered: Vec<&ActionInfo> = catalogue.named(action).collect();
    let mut params: Vec<&ParamSpec> = Vec::new();
    for param in offered.iter().flat_map(|info| &info.params).filter(|param| param.required) {
        if !params.iter().any(|known| known.name == param.name) {
            params.push(param);
        }
    }
    if !params.is_empty() {
        text.push_str("    with:\n");
        for param in params {
            let _ = writeln!(text, "      {}: {}", param.name, example(action, param, &offered));
        }
    }
    let is_reversible = offered.iter().all(|info| info.spec.undo.is_some());
    if is_reversible && is(catalogue, action, Impact::Disruptive) {
        text.push_str("    undo: { after: 8h, unless: confirmed }\n");
    }
    text
}

/// A value that a parameter takes, for the author to replace.
fn example(action: &str, param: &ParamSpec, offered: &[&ActionInfo]) -> String {
    if quell_action::lists::is_about_lists(action) && param.name == quell_action::lists::LIST {
        return LIST.to_owned();
    }
    // What is done to somebody is the author's to say, and never the sender's of the alert.
    let to_somebody = offered.iter().any(|info| info.spec.target != TargetKind::None || info.may_disrupt);
    if to_somebody && param.kind == ParamKind::Text && param.name != "comment" {
        return format!("\"the {} that you mean\"", param.name.replace('_', " "));
    }
    of_kind(&param.kind)
}

fn of_kind(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Text => "\"{{ alert.title }}\"".to_owned(),
        ParamKind::Integer | ParamKind::Number => "1".to_owned(),
        ParamKind::Boolean => "true".to_owned(),
        ParamKind::Choice(words) => words.first().map_or_else(|| "\"\"".to_owned(), |word| quoted(word)),
        ParamKind::List(of) => format!("[{}]", of_kind(of)),
        ParamKind::Object => "{ title: \"{{ alert.title }}\" }".to_owned(),
    }
}

/// What must be there, with something in it: what the call of a draft is like.
fn needed(info: &ActionInfo) -> Value {
    let sample = |param: &ParamSpec| match &param.kind {
        ParamKind::Text => json!("x"),
        ParamKind::Integer | ParamKind::Number => json!(1),
        ParamKind::Boolean => json!(true),
        ParamKind::Choice(words) => json!(words.first()),
        ParamKind::List(_) => json!([]),
        ParamKind::Object => json!({}),
    };
    let params = info.params.iter().filter(|param| param.required);
    params.map(|param| (param.name.clone(), sample(param))).collect()
}

fn is(catalogue: &Catalogue, action: &str, impact: Impact) -> bool {
    catalogue.named(action).any(|info| info.spec.impact == impact)
}

/// A text as YAML reads it for certain.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-".contains(c))
        && !text.ends_with(' ');
    let is_a_word_of_yaml = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if is_plain && !is_a_word_of_yaml.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}
