//! The matrix of actions and providers in `connectors/README.md`, made from what the connectors declare.
//! `UPDATE=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use quell_action::{ActionSpec, Impact, TargetKind};
use quell_alert::Provider;
use quell_connectors::{Kind, all};

const BEGIN: &str = "<!-- matrix: made by tests/connectors; UPDATE=1 writes it anew -->\n";
const END: &str = "<!-- end of matrix -->";

/// The providers whose columns come first; whatever other provider has targets gets one of its own, and what acts at none
/// of them stands in a list below.
const FIRST: [(&str, &str); 4] = [
    (Provider::ACTIVE_DIRECTORY, "Active Directory"),
    (Provider::ENTRA_ID, "Entra ID"),
    (Provider::OKTA, "Okta"),
    (Provider::DEFENDER_ENDPOINT, "Defender for Endpoint"),
];

#[test]
fn the_matrix_is_fresh() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("connectors/README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let fresh = matrix();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{fresh}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, fresh, "connectors/README.md is stale: UPDATE=1 writes it anew");
}

#[test]
fn a_new_provider_has_a_column_of_its_own() {
    let own = ("badge_office", "badge_office");
    let known = columns(&all());
    assert_eq!(known[..FIRST.len()], FIRST);
    assert!(!known.contains(&own));
    let mut more = all();
    more.push(Kind::of::<quell_custom_connector::BadgeOffice>());
    assert!(columns(&more)[FIRST.len()..].contains(&own));
}

/// What is refused is offered by nobody, and is an action that somebody else offers.
#[test]
fn what_is_refused_is_offered_elsewhere_and_not_here() {
    let offered: BTreeSet<(&str, &str)> =
        all().iter().flat_map(Kind::actions).map(|info| (info.spec.name, info.spec.provider)).collect();
    for refused in all().iter().flat_map(|kind| kind.refuses()) {
        assert!(!offered.contains(&(refused.action, refused.provider)), "{refused:?}");
        assert!(offered.iter().any(|(action, _)| *action == refused.action), "{refused:?}");
    }
}

/// A provider that is new here brings its column with it: whoever adds a connector touches nothing of this.
fn columns(kinds: &[Kind]) -> Vec<(&'static str, &'static str)> {
    let targets = |kind: &Kind| -> Vec<&'static str> {
        let all = kind.actions().into_iter().map(|info| info.spec);
        all.filter(|spec| spec.target != TargetKind::None).map(|spec| spec.provider).collect()
    };
    let others: BTreeSet<&str> = kinds.iter().flat_map(targets).collect();
    let is_first = |provider: &&str| FIRST.iter().any(|(first, _)| first == provider);
    let own = others.into_iter().filter(|provider| !is_first(provider)).map(|provider| (provider, provider));
    FIRST.into_iter().chain(own).collect()
}

fn matrix() -> String {
    let mut cells: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut rows: BTreeMap<&str, (Impact, ActionSpec)> = BTreeMap::new();
    let mut others = BTreeMap::new();
    let columns = columns(&all());
    for kind in all() {
        refused.extend(kind.refuses().iter().map(|one| ((one.action, one.provider), one.because)));
        for info in kind.actions() {
            let spec = info.spec;
            if columns.iter().any(|(provider, _)| *provider == spec.provider) {
                cells.entry((spec.name, spec.provider)).or_default().insert(kind.name());
                let row = rows.entry(spec.name).or_insert((spec.impact, spec));
                row.1.undo = row.1.undo.or(spec.undo);
            } else {
                others.insert(spec.name, spec.summary);
            }
        }
    }
    let reasons: BTreeSet<&str> = refused.values().copied().collect();
    let note = |reason: &str| reasons.iter().position(|one| *one == reason).map_or(0, |number| number + 1);
    let titles: Vec<&str> = columns.iter().map(|(_, title)| *title).collect();
    let mut text = format!("\n| action | {} | undone by |\n", titles.join(" | "));
    text.push_str(&format!("|{}\n", "---|".repeat(columns.len() + 2)));
    for (name, (_, spec)) in rows {
        let cell = |(provider, _): &(&'static str, &str)| {
            let offering = cells.get(&(name, *provider));
            match (offering, refused.get(&(name, *provider))) {
                (Some(kinds), _) => kinds.iter().copied().collect::<Vec<_>>().join(", "),
                (None, Some(reason)) => format!("refused ({})", note(reason)),
                (None, None) => String::new(),
            }
        };
        let undo = spec.undo.map_or_else(|| spec.undone_by().to_owned(), |undo| format!("`{undo}`"));
        let row: Vec<String> = columns.iter().map(cell).collect();
        let _ = writeln!(text, "| `{name}` | {} | {undo} |", row.join(" | "));
    }
    text.push_str("\nAn empty cell: not offered. Refused, since the system has nothing of the kind:\n\n");
    for (number, reason) in reasons.iter().enumerate() {
        let _ = writeln!(text, "{}. {reason}", number + 1);
    }
    text.push_str("\nWithout a target:\n\n");
    for (name, summary) in others {
        let _ = writeln!(text, "- `{name}`: {summary}");
    }
    text.push('\n');
    text
}
