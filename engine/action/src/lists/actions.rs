//! `list.add` and `list.remove`.

use std::sync::Arc;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{ListEntry, ListKeeper, ListTrouble, PROVIDER, folded};
use crate::{
    Action, ActionError, ActionSpec, Impact, InEffect, Observation, Outcome, Repeat, Request, Restore, State,
    Target, TargetKind,
};

const BASE: ActionSpec = ActionSpec {
    name: "list.add",
    provider: PROVIDER,
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: Some("list.remove"),
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "Puts a value into a named list of the site.",
    vendor_page: "",
};

/// An entry that is to end this much later than it does is left as it is: a look a moment after the call must not find
/// that the time has moved on.
const SLACK: TimeDelta = TimeDelta::minutes(10);

/// So often an entry may change under our hands before we give up for now.
const TRIES: usize = 5;

/// `list.add`.
#[derive(Debug)]
pub struct Add;

/// What `list.add` takes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddParams {
    /// The list, as the site file names it.
    list: String,
    /// What to put into it: a name, an address, a network.
    value: String,
    /// For how long it counts: `30d`; for good when left out. Longer than it counts already, it is made to last longer.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none", deserialize_with = "span")]
    for_: Option<String>,
    /// Why, for whoever reads the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// What `list.add` gives to later steps.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Added {
    /// Whether it was in the list before.
    was_in_list: bool,
}

/// `list.remove`.
#[derive(Debug)]
pub struct Remove;

/// What `list.remove` takes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveParams {
    /// The list, as the site file names it.
    list: String,
    /// What to take out of it.
    value: String,
}

/// What `list.remove` gives to later steps.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Removed {
    /// Whether it was in the list before.
    was_in_list: bool,
}

impl Action for Add {
    const SPEC: ActionSpec = BASE;
    type Params = AddParams;
    type Output = Added;
    type Client = Arc<dyn ListKeeper>;

    async fn execute(
        keeper: &Self::Client,
        request: &Request<Self::Params>,
    ) -> Result<Outcome<Self::Output>, ActionError> {
        let params = request.params();
        let (list, by) = (params.list.as_str(), format!("run {}", request.key()));
        for _ in 0..TRIES {
            let found = keeper.find(list, &params.value).await?;
            let was_in_list = found.as_ref().is_some_and(|entry| entry.is_in_force(keeper.now()));
            if params.is_met_by(found.as_ref(), keeper) {
                return Ok(Outcome::unchanged(Added { was_in_list }));
            }
            let wanted = ListEntry {
                because: params.because.clone(),
                until: params.end(keeper),
                by: Some(by.clone()),
                at: Some(keeper.now()),
                ..ListEntry::new(&params.value)?
            };
            if keeper.replace(list, &params.value, found.as_ref(), Some(&wanted), &by).await? {
                return Ok(Outcome::changed(
                    state(found.as_ref()),
                    state(Some(&wanted)),
                    Added { was_in_list },
                ));
            }
        }
        Err(busy(list))
    }

    async fn observe(
        keeper: &Self::Client,
        _target: &Target,
        params: &Self::Params,
    ) -> Result<Observation, ActionError> {
        let found = keeper.find(&params.list, &params.value).await?;
        let is_met = params.is_met_by(found.as_ref(), keeper);
        Ok(seen(found.as_ref(), is_met))
    }

    async fn restore(
        keeper: &Self::Client,
        request: &Request<Restore<Self::Params>>,
    ) -> Result<Outcome<()>, ActionError> {
        let Restore { params, before, after } = request.params();
        put_back(keeper, (&params.list, &params.value), before, after, request.key()).await
    }

    fn held(params: &Self::Params) -> Option<String> {
        Some(format!("{}: {}", params.list, folded(&params.value)))
    }
}

impl Action for Remove {
    const SPEC: ActionSpec = ActionSpec {
        name: "list.remove",
        undo: Some("list.add"),
        summary: "Takes a value out of a named list of the site.",
        ..BASE
    };
    type Params = RemoveParams;
    type Output = Removed;
    type Client = Arc<dyn ListKeeper>;

    async fn execute(
        keeper: &Self::Client,
        request: &Request<Self::Params>,
    ) -> Result<Outcome<Self::Output>, ActionError> {
        let params = request.params();
        let by = format!("run {}", request.key());
        for _ in 0..TRIES {
            let found = keeper.find(&params.list, &params.value).await?;
            if !found.as_ref().is_some_and(|entry| entry.is_in_force(keeper.now())) {
                return Ok(Outcome::unchanged(Removed { was_in_list: false }));
            }
            if keeper.replace(&params.list, &params.value, found.as_ref(), None, &by).await? {
                return Ok(Outcome::changed(
                    state(found.as_ref()),
                    state(None),
                    Removed { was_in_list: true },
                ));
            }
        }
        Err(busy(&params.list))
    }

    async fn observe(
        keeper: &Self::Client,
        _target: &Target,
        params: &Self::Params,
    ) -> Result<Observation, ActionError> {
        let found = keeper.find(&params.list, &params.value).await?;
        let is_gone = !found.as_ref().is_some_and(|entry| entry.is_in_force(keeper.now()));
        Ok(seen(found.as_ref(), is_gone))
    }

    async fn restore(
        keeper: &Self::Client,
        request: &Request<Restore<Self::Params>>,
    ) -> Result<Outcome<()>, ActionError> {
        let Restore { params, before, after } = request.params();
        put_back(keeper, (&params.list, &params.value), before, after, request.key()).await
    }

    fn held(params: &Self::Params) -> Option<String> {
        Some(format!("{}: {}", params.list, folded(&params.value)))
    }
}

impl AddParams {
    fn end(&self, keeper: &Arc<dyn ListKeeper>) -> Option<quell_alert::Timestamp> {
        self.for_.as_deref().and_then(length).map(|length| keeper.now() + length)
    }

    /// Whether an entry is there, and lasts long enough.
    fn is_met_by(&self, found: Option<&ListEntry>, keeper: &Arc<dyn ListKeeper>) -> bool {
        let Some(entry) = found.filter(|entry| entry.is_in_force(keeper.now())) else { return false };
        match (entry.until, self.end(keeper)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(until), Some(end)) => until >= end - SLACK.min((end - keeper.now()) / 2),
        }
    }
}

/// Puts back what stood there, unless somebody has changed it meanwhile.
async fn put_back(
    keeper: &Arc<dyn ListKeeper>,
    (list, value): (&str, &str),
    before: &State,
    after: &State,
    key: &crate::RequestKey,
) -> Result<Outcome<()>, ActionError> {
    let (before, after) = (entry_of(before)?, entry_of(after)?);
    // An entry whose time has run out meanwhile does not come back.
    let wanted = before.as_ref().filter(|entry| entry.is_in_force(keeper.now()));
    if keeper.replace(list, value, after.as_ref(), wanted, &format!("undo of run {key}")).await? {
        return Ok(Outcome::changed(state(after.as_ref()), state(wanted), ()));
    }
    Ok(Outcome::unchanged(()))
}

fn seen(found: Option<&ListEntry>, in_effect: bool) -> Observation {
    Observation { state: state(found), in_effect: if in_effect { InEffect::Yes } else { InEffect::No } }
}

fn state(entry: Option<&ListEntry>) -> State {
    // A few texts and moments always are JSON.
    State(entry.map_or(Value::Null, |entry| serde_json::to_value(entry).unwrap_or(Value::Null)))
}

fn entry_of(state: &State) -> Result<Option<ListEntry>, ActionError> {
    serde_json::from_value(state.0.clone())
        .map_err(|error| ActionError::rejected(format!("what stood in the list cannot be read: {error}")))
}

fn busy(list: &str) -> ActionError {
    ActionError::unavailable(format!("the list {list} changes too fast"))
}

impl From<ListTrouble> for ActionError {
    fn from(trouble: ListTrouble) -> Self {
        match trouble {
            ListTrouble::Unavailable { .. } => Self::unavailable(trouble.to_string()),
            _ => Self::rejected(trouble.to_string()),
        }
    }
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match text.as_deref().map(length) {
        Some(None) => Err(serde::de::Error::custom(
            "`for` is a whole number and a unit: 90s, 15m, 8h, 30d, at most 3650d",
        )),
        _ => Ok(text),
    }
}

/// A whole number and a unit.
fn length(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_at(text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let all = number.checked_mul(seconds).filter(|all| *all <= 3_650 * 86_400)?;
    TimeDelta::try_seconds(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_the_language_writes_them() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("8h", 28_800), ("30d", 2_592_000)] {
            assert_eq!(length(text), TimeDelta::try_seconds(seconds), "{text}");
        }
        for text in ["", "d", "0d", "-1d", "1.5h", "30", "3651d", "99999999999999999999d", "1ä", "1w"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
