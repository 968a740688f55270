//! [`Deed`]: what an action does to the lab, as data. One row of the catalogue each; the code here serves them all.

use std::collections::BTreeMap;

use quell_action::{ActionError, InEffect};
use serde_json::{Value, json};

use crate::world::Subject;

/// What an action does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Attributes get values; nothing is done where they have them already.
    Sets(Sets),
    /// The account joins a group, or leaves it.
    Member(bool),
    /// The device gets a tag.
    Tags,
    /// Something happens that leaves nothing to read: sessions end. Counted under this name.
    Happens(&'static str),
    /// The same, and it is refused to an account under which services run, unless a parameter says otherwise.
    HappensUnlessServices(&'static str),
    /// A job is started over there; its key is recognised.
    Starts,
}

/// Attributes that get values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sets {
    /// Which, and what.
    pub(crate) values: &'static [(&'static str, Wanted)],
    /// Other values of the first one with which nothing is left to do.
    pub(crate) also_done: &'static [&'static str],
    /// The values of the first one from which this is possible; empty: all.
    pub(crate) only_from: &'static [&'static str],
    /// The attribute that takes the effect away while it is true, and what helps.
    pub(crate) idle_while: Option<(&'static str, &'static str)>,
}

/// What an attribute gets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// True or false.
    Flag(bool),
    /// This word.
    Word(&'static str),
    /// What this parameter says.
    Param(&'static str),
    /// False, where this parameter is true; otherwise it is left alone.
    ClearedBy(&'static str),
}

/// The attributes that a deed is about, with their values.
pub(crate) type Values = BTreeMap<String, Value>;

impl Deed {
    /// What stands there.
    pub(crate) fn read(&self, subject: &Subject<'_>, params: &Value) -> Values {
        match self {
            Self::Sets(sets) => {
                let here = |name: &str| subject.attributes.get(name).cloned().unwrap_or(Value::Null);
                sets.wanted(params).into_keys().map(|name| (name.clone(), here(&name))).collect()
            }
            Self::Member(_) | Self::Tags => {
                let label = label(params);
                let has = subject.labels.iter().any(|have| have.eq_ignore_ascii_case(&label));
                Values::from([(label_attribute(self, &label), json!(has))])
            }
            Self::Happens(_) | Self::HappensUnlessServices(_) | Self::Starts => Values::new(),
        }
    }

    /// What should stand there.
    pub(crate) fn wanted(&self, params: &Value) -> Values {
        match self {
            Self::Sets(sets) => sets.wanted(params),
            Self::Member(member) => Values::from([(label_attribute(self, &label(params)), json!(member))]),
            Self::Tags => Values::from([(label_attribute(self, &label(params)), json!(true))]),
            Self::Happens(_) | Self::HappensUnlessServices(_) | Self::Starts => Values::new(),
        }
    }

    /// Puts these values there.
    pub(crate) fn write(&self, subject: &mut Subject<'_>, params: &Value, values: &Values) {
        if let Self::Member(_) | Self::Tags = self {
            let label = label(params);
            subject.labels.retain(|have| !have.eq_ignore_ascii_case(&label));
            if values.values().any(|value| *value == json!(true)) {
                subject.labels.push(label);
            }
            return;
        }
        subject.attributes.extend(values.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self, now: &Values, wanted: &Values) -> bool {
        let Self::Sets(sets) = self else { return now == wanted };
        let also = sets.first(now).is_some_and(|value| sets.also_done.contains(&value));
        now == wanted || also
    }

    /// Whether services stand against it.
    pub(crate) fn spares_services(&self, subject: &Subject<'_>, params: &Value) -> Result<(), ActionError> {
        let runs_services = subject.attributes.get("runs_services") == Some(&json!(true));
        let said = params["even_with_services"] == json!(true);
        match self {
            Self::HappensUnlessServices(_) if runs_services && !said => Err(ActionError::rejected(
                "services run under it and would stop; say even_with_services: true where that is meant",
            )),
            _ => Ok(()),
        }
    }

    /// Whether it is possible from here.
    pub(crate) fn possible_from(&self, now: &Values) -> Result<(), ActionError> {
        let Self::Sets(sets) = self else { return Ok(()) };
        let from = sets.first(now).unwrap_or_default();
        if sets.only_from.is_empty() || sets.only_from.contains(&from) {
            return Ok(());
        }
        let wanted = sets.only_from.join(" or ");
        Err(ActionError::rejected(format!("it is {from}; this is only possible for {wanted}")))
    }

    /// Why it would have no effect, where it would have none.
    pub(crate) fn idle(&self, subject: &Subject<'_>, params: &Value) -> Option<&'static str> {
        let Self::Sets(Sets { idle_while: Some((attribute, why)), .. }) = self else { return None };
        let cleared = self.wanted(params).get(*attribute) == Some(&json!(false));
        let stands = subject.attributes.get(*attribute) == Some(&json!(true));
        (stands && !cleared).then_some(why)
    }

    /// What a look at these values shows.
    pub(crate) fn in_effect(&self, subject: &Subject<'_>, params: &Value) -> InEffect {
        let (now, wanted) = (self.read(subject, params), self.wanted(params));
        match (self.is_done(&now, &wanted), self.idle(subject, params)) {
            (true, Some(why)) => InEffect::Ineffective(why.to_owned()),
            (true, None) => InEffect::Yes,
            (false, _) => InEffect::No,
        }
    }
}

impl Sets {
    fn wanted(&self, params: &Value) -> Values {
        let value = |wanted: &Wanted| match wanted {
            Wanted::Flag(flag) => Some(json!(flag)),
            Wanted::Word(word) => Some(json!(word)),
            Wanted::Param(name) => Some(params[*name].clone()),
            Wanted::ClearedBy(name) => (params[*name] == json!(true)).then(|| json!(false)),
        };
        let values = self.values.iter().filter_map(|(name, wanted)| Some((*name, value(wanted)?)));
        values.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The word that the first attribute has.
    fn first<'a>(&self, values: &'a Values) -> Option<&'a str> {
        values.get(self.values.first()?.0)?.as_str()
    }
}

/// The group or the tag that the parameters name.
pub(crate) fn label(params: &Value) -> String {
    params["group"].as_str().or_else(|| params["tag"].as_str()).unwrap_or_default().trim().to_owned()
}

fn label_attribute(deed: &Deed, label: &str) -> String {
    let kind = if matches!(deed, Deed::Tags) { "tag" } else { "group" };
    format!("{kind}:{}", label.to_lowercase())
}
