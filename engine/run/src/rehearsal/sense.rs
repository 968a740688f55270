//! What a test says must make sense: a call gives only what its action can give, and an alert that starts nothing has no
//! outcome.

use quell_action::{Catalogue, ParamKind, ParamSpec};
use quell_playbook::nearest;
use serde_json::{Map, Value};

use super::expect::{Actions, Deed, Expect};

/// Whether an action can give this.
///
/// # Errors
/// The first thing that it cannot give, and what it can.
pub(super) fn can_give(
    deed: &Deed,
    output: &Map<String, Value>,
    catalogue: &Catalogue,
) -> Result<(), String> {
    let is_meant = |provider: &str| deed.at.as_deref().is_none_or(|at| at == provider);
    let outputs: Vec<&ParamSpec> = catalogue
        .named(&deed.action)
        .filter(|info| is_meant(info.spec.provider))
        .flat_map(|info| &info.outputs)
        .collect();
    for (name, value) in output {
        let Some(known) = outputs.iter().find(|known| known.name == *name) else {
            let names = || outputs.iter().map(|known| known.name.as_str());
            let hint = match (nearest::one(name, names()), outputs.is_empty()) {
                (Some(near), _) => format!("; did you mean {near}?"),
                (None, true) => "; it gives nothing".to_owned(),
                (None, false) => format!("; it gives {}", names().collect::<Vec<_>>().join(", ")),
            };
            return Err(format!("{} gives no `{name}`{hint}", deed.action));
        };
        if !fits(value, &known.kind) {
            return Err(format!("`{name}` of {} is {}, and this is {value}", deed.action, known.kind.word()));
        }
    }
    Ok(())
}

/// What is not there may be null.
fn fits(value: &Value, kind: &ParamKind) -> bool {
    match (value, kind) {
        (Value::Null, _) | (_, ParamKind::Object) => true,
        (Value::String(_), ParamKind::Text) => true,
        (Value::String(word), ParamKind::Choice(words)) => words.contains(word),
        (Value::Number(number), ParamKind::Integer) => number.is_i64() || number.is_u64(),
        (Value::Number(_), ParamKind::Number) | (Value::Bool(_), ParamKind::Boolean) => true,
        (Value::Array(members), ParamKind::List(of)) => members.iter().all(|member| fits(member, of)),
        _ => false,
    }
}

/// Whether it expects something of a run though none is to be started.
pub(super) fn is_of_nothing(expect: &Expect) -> bool {
    let some = |actions: &Option<Actions>| {
        actions
            .as_ref()
            .is_some_and(|actions| !matches!(actions.lines(), Ok(Some(lines)) if lines.is_empty()))
    };
    let other = expect.failed.iter().any(|all| !all.is_empty())
        || expect.skipped.iter().any(|all| !all.is_empty())
        || expect.kept.iter().any(|all| !all.is_empty())
        || expect.outputs.iter().any(|all| !all.is_empty())
        || expect.outcome.is_some();
    let asks = expect.questions().is_ok_and(|asks| asks.is_some_and(|asks| !asks.is_empty()));
    let lasts = expect.length().is_ok_and(|length| length.is_some());
    expect.matched == Some(false) && (some(&expect.actions) || some(&expect.would) || other || asks || lasts)
}

/// A misspelt action would never be seen, and never fail.
pub(super) fn offered(deed: Deed, catalogue: &Catalogue) -> Result<Deed, String> {
    let offered: Vec<&str> = catalogue.named(&deed.action).map(|info| info.spec.provider).collect();
    match &deed.at {
        _ if offered.is_empty() => Err(format!("there is no action {}", deed.action)),
        Some(at) if !offered.contains(&at.as_str()) => Err(format!("{} is not offered at {at}", deed.action)),
        _ => Ok(deed),
    }
}
