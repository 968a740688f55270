//! Random people with random names, spellings, nesting and expiry: nobody excluded is ever cleared, and unknown never
//! clears.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::Index;
use quell_action::exclusion::Entry;
use quell_action::{ActionSpec, GroupFacts, IdentityFacts, Impact, Subject, Target};
use quell_alert::{Identifier, Sid, immutable_id_of_guid, parse_guid};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::people::{AD, DISABLE, ENTRA, OKTA, account, entry, list, now, person, targets};

const DISRUPTIVE: [&str; 4] =
    ["account.disable", "account.revoke_sessions", "account.reset_password", "account.force_password_change"];

/// Somebody, in as many directories as it happens.
#[derive(Debug, Clone)]
struct Someone {
    name: String,
    number: u32,
    unit: String,
    places: [bool; 3],
    groups: Vec<u32>,
}

prop_compose! {
    fn anybody()(
        name in "[a-fà-ü][a-zè-ö0-9]{0,7}( [a-z]{1,4})?",
        number in 1000u32..9999,
        unit in "[A-Z][a-z]{1,5}(, [a-z]{1,3})?",
        places in [any::<bool>(), any::<bool>(), any::<bool>()],
        groups in prop::collection::vec(0u32..50, 0..4),
    ) -> Someone {
        let places = if places == [false; 3] { [true, false, false] } else { places };
        Someone { name, number, unit, places, groups }
    }
}

impl Someone {
    fn guid(&self, kind: u32) -> String {
        format!("{kind:08x}-0000-4000-8000-{:012}", self.number)
    }

    fn unit_dn(&self) -> String {
        format!("OU={},DC=contoso,DC=example", self.unit.replace(',', "\\,"))
    }

    fn identity(&self) -> IdentityFacts {
        let Self { name, number, .. } = self;
        let anchor = Identifier::ImmutableId(immutable_id_of_guid(parse_guid(&self.guid(1)).unwrap()));
        let sid = Identifier::sid(&format!("S-1-5-21-5-6-7-{number}")).unwrap();
        let upn = Identifier::upn(&format!("{name}@contoso.example")).unwrap();
        let names = [
            vec![
                sid.clone(),
                Identifier::ad_guid(&self.guid(1)).unwrap(),
                upn.clone(),
                Identifier::sam("CONTOSO", name).unwrap(),
                Identifier::sam("contoso.example", name).unwrap(),
                Identifier::dn(&format!("CN={name},{}", self.unit_dn())).unwrap(),
            ],
            vec![Identifier::entra_id(&self.guid(2)).unwrap(), sid, upn.clone(), anchor.clone()],
            vec![
                Identifier::OktaId(format!("00u{number:017}")),
                Identifier::login(&upn_text(&upn)).unwrap(),
                anchor,
            ],
        ];
        let accounts = [AD, ENTRA, OKTA].into_iter().zip(names).enumerate();
        let accounts = accounts.filter(|(at, _)| self.places[*at]).map(|(at, (provider, names))| {
            let mut facts = account(provider, &format!("{number}-{at}"), &[], self.groups_at(at));
            facts.identifiers = names;
            facts
        });
        person(accounts.collect())
    }

    fn groups_at(&self, place: usize) -> Vec<GroupFacts> {
        let id = |number: &u32| match place {
            0 => Identifier::Sid(format!("S-1-5-21-5-6-7-{}", 20_000 + number)),
            1 => Identifier::EntraId(format!("5f0e0000-0000-4000-8000-{number:012}")),
            _ => Identifier::OktaId(format!("00g{number:017}")),
        };
        let group = |number: &u32| GroupFacts {
            identifiers: vec![id(number)],
            name: Some(format!("Équipe {number} of place {place}")),
        };
        self.groups.iter().map(group).collect()
    }

    /// Every way in which somebody may put this person on the list, each spelled in one of many ways.
    fn entries(&self, spelling: u8) -> Vec<Value> {
        let identity = self.identity();
        let names = identity.accounts.iter().flat_map(|account| &account.identifiers);
        let mut forms: Vec<Value> = names.flat_map(|name| account_forms(name, spelling)).collect();
        for group in identity.accounts.iter().flat_map(|account| account.groups.iter().flatten()) {
            let name = group.name.clone().unwrap();
            forms.push(json!({ "group": { "name": spelled(&name, spelling) } }));
            forms.push(
                json!({ "group": { "name": format!("CONTOSO\\{}", spelled(&name, spelling).trim()) } }),
            );
            forms.extend(group.identifiers.iter().map(|id| match id {
                Identifier::OktaId(text) => json!({ "group": { "okta_id": text } }),
                Identifier::Sid(text) => json!({ "group": { "sid": spelled(text, spelling) } }),
                other => json!({ "group": { "entra_id": guid_spelled(&text_of(other), spelling) } }),
            }));
        }
        if self.places[0] {
            forms.push(json!({ "dn_subtree": spelled(&self.unit_dn(), spelling) }));
            forms.push(json!({ "dn_subtree": "dc=Contoso, dc=Example" }));
        }
        let head: String = self.name.chars().take(1).collect();
        forms.push(json!({ "name_pattern": spelled(&format!("{head}*"), spelling) }));
        forms.push(json!({ "account": { "name": spelled(&self.name, spelling) } }));
        for form in &mut forms {
            form["because"] = json!("b");
        }
        forms
    }
}

fn upn_text(upn: &Identifier) -> String {
    text_of(upn)
}

fn text_of(name: &Identifier) -> String {
    name.to_string().split_once(':').unwrap().1.to_owned()
}

/// The name itself, and the other forms in which the same id can be written.
fn account_forms(name: &Identifier, spelling: u8) -> Vec<Value> {
    let text = text_of(name);
    let form = |field: &str, text: String| json!({ "account": { field: text } });
    match name {
        Identifier::OktaId(_) | Identifier::ImmutableId(_) => vec![form(name.kind(), format!(" {text} "))],
        Identifier::AdGuid(_) => vec![
            form("ad_guid", guid_spelled(&text, spelling)),
            form("immutable_id", immutable_id_of_guid(parse_guid(&text).unwrap())),
        ],
        Identifier::EntraId(_) => {
            let sid = Sid::from_entra_object_id(parse_guid(&text).unwrap());
            vec![form("entra_id", guid_spelled(&text, spelling)), form("sid", sid.to_string())]
        }
        Identifier::Upn(_) | Identifier::Login(_) => {
            ["upn", "login", "mail"].map(|field| form(field, spelled(&text, spelling))).to_vec()
        }
        _ => vec![form(name.kind(), spelled(&text, spelling))],
    }
}

/// Another spelling of the same name: case, blanks around it, its accents apart.
fn spelled(text: &str, spelling: u8) -> String {
    let text = match spelling % 4 {
        0 => text.to_owned(),
        1 => text.to_uppercase(),
        2 => text.to_lowercase(),
        _ => text
            .chars()
            .enumerate()
            .flat_map(|(at, c)| if at % 2 == 0 { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] })
            .collect(),
    };
    let text = if spelling & 4 == 0 { text } else { text.nfd().collect() };
    if spelling & 8 == 0 { text } else { format!("  {text}\t") }
}

fn guid_spelled(text: &str, spelling: u8) -> String {
    match spelling % 4 {
        0 => text.to_owned(),
        1 => text.to_uppercase(),
        2 => format!("{{{text}}}"),
        _ => text.replace('-', ""),
    }
}

/// Entries that mean other people.
fn noise(count: usize) -> Vec<Entry> {
    let one = |at: usize| {
        let form = match at % 4 {
            0 => json!({ "account": { "sid": format!("S-1-5-21-1-1-1-{at}") }, "because": "b" }),
            1 => json!({ "account": { "upn": format!("zz{at}@nowhere.example") }, "because": "b" }),
            2 => json!({ "group": { "name": format!("zz {at}") }, "because": "b" }),
            _ => json!({ "name_pattern": format!("zz{at}*"), "because": "b" }),
        };
        entry(&form)
    };
    (0..count).map(one).collect()
}

fn provider_of(target: &Target) -> &'static str {
    let Target::Account(key) = target else { panic!() };
    [AD, ENTRA, OKTA].into_iter().find(|provider| key.provider.as_str() == *provider).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_alias_of_an_excluded_person_is_ever_cleared(
        someone in anybody(),
        which in any::<Index>(),
        spelling in any::<u8>(),
        others in 0usize..8,
        seconds_left in 0i64..100_000,
        only in prop::option::of(prop::sample::select(vec![AD, ENTRA, OKTA])),
        action in prop::option::of(prop::sample::select(DISRUPTIVE.to_vec())),
    ) {
        let identity = someone.identity();
        let forms = someone.entries(spelling);
        let mut form = which.get(&forms).clone();
        form["until"] = json!((now() + TimeDelta::seconds(seconds_left)).to_rfc3339());
        only.iter().for_each(|only| form["only"] = json!([only]));
        action.iter().for_each(|action| form["actions"] = json!([action]));
        let mut entries = noise(others);
        entries.insert(others / 2, entry(&form));
        let list = list(entries);
        let subject = Subject::Identity(identity.clone());
        for target in targets(&identity) {
            for name in DISRUPTIVE {
                let spec = ActionSpec { name, provider: provider_of(&target), ..DISABLE };
                let covered = only.is_none_or(|only| only == spec.provider) && action.is_none_or(|action| action == name);
                let stopped = list.clear(&subject, target.clone(), &spec, now()).is_err();
                prop_assert_eq!(stopped, covered, "{} for {} at {}", form, name, spec.provider);
            }
        }
    }

    #[test]
    fn an_entry_that_has_ended_stops_nobody(
        someone in anybody(),
        which in any::<Index>(),
        spelling in any::<u8>(),
        seconds_ago in 1i64..100_000,
    ) {
        let identity = someone.identity();
        let forms = someone.entries(spelling);
        let mut form = which.get(&forms).clone();
        form["until"] = json!((now() - TimeDelta::seconds(seconds_ago)).to_rfc3339());
        let list = list(vec![entry(&form)]);
        for target in targets(&identity) {
            prop_assert!(list.clear(&Subject::Identity(identity.clone()), target, &DISABLE, now()).is_ok());
        }
    }

    #[test]
    fn somebody_else_is_not_left_alone_with_them(someone in anybody(), spelling in any::<u8>(), places in [any::<bool>(), any::<bool>()]) {
        let other = Someone {
            name: format!("zz{}", someone.name),
            number: someone.number + 10_000,
            unit: "Elsewhere".into(),
            places: [true, places[0], places[1]],
            groups: vec![77],
        };
        let mine = |form: &Value| form["dn_subtree"] != json!("dc=Contoso, dc=Example");
        let list = list(someone.entries(spelling).iter().filter(|form| mine(form)).map(entry).collect());
        let identity = other.identity();
        for target in targets(&identity) {
            let cleared = list.clear(&Subject::Identity(identity.clone()), target, &DISABLE, now());
            prop_assert!(cleared.is_ok(), "{:?}", cleared);
        }
    }

    #[test]
    fn unknown_never_clears(
        someone in anybody(),
        spelling in any::<u8>(),
        listed in any::<bool>(),
        way in 0u8..5,
        at in any::<Index>(),
    ) {
        let mut identity = someone.identity();
        let mut target = at.get(&targets(&identity)).clone();
        let list = list(if listed { someone.entries(spelling).iter().map(entry).collect() } else { Vec::new() });
        let at = at.index(identity.accounts.len());
        match way {
            0 => identity.unanswered.push((OKTA.into(), "away".into())),
            1 => identity.accounts[at].read_at = now() - TimeDelta::minutes(6),
            2 => target = Target::None,
            3 => {
                let key = identity.accounts[at].key.clone();
                identity.accounts.remove(at);
                target = Target::Account(key);
            }
            _ => {
                prop_assert!(list.clear(&Subject::Nobody, target, &DISABLE, now()).is_err());
                return Ok(());
            }
        }
        prop_assert!(list.clear(&Subject::Identity(identity), target, &DISABLE, now()).is_err());
    }

    #[test]
    fn restoring_and_informing_always_go_on(
        someone in anybody(),
        spelling in any::<u8>(),
        impact in prop::sample::select(vec![Impact::Restoring, Impact::Informing]),
        known in any::<bool>(),
    ) {
        let identity = someone.identity();
        let list = list(someone.entries(spelling).iter().map(entry).collect());
        let spec = ActionSpec { impact, ..DISABLE };
        for target in targets(&identity).into_iter().chain([Target::None]) {
            let subject = if known { Subject::Identity(identity.clone()) } else { Subject::Nobody };
            prop_assert!(list.clear(&subject, target, &spec, now()).is_ok());
        }
    }
}
