//! The playbooks that are shipped: whole, careful, and started by the alerts they are for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use quell_action::{Catalogue, Connector, Impact};
use quell_alert::{Alert, Decoded, EntityKind, Product, Severity};
use quell_playbook::condition::Truth;
use quell_playbook::model::{AlertState, Playbook, Verb};
use quell_playbook::render::{self, Style};
use quell_playbook::{Entity, LaneScope, Loaded, Matcher, SourceFile, Surroundings, load};

use crate::fixtures::{alert, now, shipped_folder};
use crate::golden::{file_name, files};

/// What the quick start offers.
pub(crate) fn lab() -> Catalogue {
    Catalogue::new(quell_lab::LabConnector::actions(None))
}

/// Every shipped playbook, as its folder and file.
pub(crate) fn shipped() -> Vec<SourceFile> {
    below(&shipped_folder())
}

/// Those that the quick start takes.
fn of_the_quick_start() -> Vec<SourceFile> {
    below(&shipped_folder().join("../examples/quickstart/playbooks"))
}

fn below(root: &Path) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for folder in folders(root) {
        for path in files(&root.join(&folder), "yaml") {
            if path.to_string_lossy().ends_with(".test.yaml") {
                continue;
            }
            found.push(SourceFile {
                name: format!("{folder}/{}", file_name(&path)),
                bytes: fs::read(path).unwrap(),
            });
        }
    }
    found
}

/// The folders in a folder of playbooks.
pub(crate) fn folders(root: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).map(|path| file_name(&path)).collect()
}

/// Everything that this program could offer.
pub(crate) fn known() -> Catalogue {
    quell_connectors::catalogue()
}

fn loaded() -> Loaded {
    load(&shipped(), &known(), &Surroundings::default())
}

#[test]
fn they_load_without_a_word() {
    let loaded = loaded();
    assert!(
        loaded.diagnostics.is_empty(),
        "{}",
        render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN)
    );
    assert!(loaded.playbooks.len() >= 11);
}

#[test]
fn the_quick_start_takes_those_that_the_lab_can_carry() {
    let taken = of_the_quick_start();
    let loaded = load(&taken, &lab(), &Surroundings { known: known(), ..Surroundings::default() });
    assert!(
        loaded.diagnostics.is_empty(),
        "{}",
        render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN)
    );
    assert_eq!(loaded.playbooks.len(), 10);
    let shipped = shipped();
    assert!(taken.iter().all(|file| shipped.contains(file)));
}

/// Whether it takes something away from somebody.
pub(crate) fn is_disruptive(playbook: &Playbook) -> bool {
    let catalogue = known();
    playbook.all_steps().any(|step| match &step.verb {
        Verb::Do(action) => {
            catalogue.named(action.action.as_str()).any(|info| info.spec.impact == Impact::Disruptive)
        }
        _ => false,
    })
}

#[test]
fn each_says_what_it_is_and_how_many_it_may_touch() {
    for playbook in loaded().playbooks {
        let name = &playbook.name;
        assert!(playbook.description.is_some(), "{name} has no description");
        assert!(!playbook.labels.is_empty(), "{name} has no labels");
        if is_disruptive(&playbook) {
            // Who starts one by hand, or from another playbook, names whom it is about.
            let Some(alert) = &playbook.when.alert else { continue };
            let source = &playbook.source;
            assert!(source.contains("at_most:"), "{name} does not say how many it may touch");
            assert!(alert.states == [AlertState::New], "{name} acts on old news");
        }
    }
}

#[test]
fn each_alert_starts_those_that_are_for_it() {
    let matcher = Matcher::new(load(&of_the_quick_start(), &lab(), &Surroundings::default()).playbooks);
    let started = |change: fn(&mut Alert)| {
        let mut alert = Alert {
            external_id: None,
            techniques: Vec::new(),
            title: "Something".into(),
            severity: Some(Severity::High),
            ..alert()
        };
        change(&mut alert);
        let started = matcher.matching(&alert, AlertState::New, now());
        started.iter().map(|playbook| playbook.name.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(started(|_| {}), Vec::<String>::new());
    assert_eq!(started(|alert| alert.external_id = Some("2006".into())), ["dcsync"]);
    assert_eq!(started(|alert| alert.techniques = vec!["T1003".into(), "T1003.006".into()]), ["dcsync"]);
    assert_eq!(started(|alert| alert.external_id = Some("2032".into())), ["golden-ticket"]);
    assert_eq!(started(|alert| alert.techniques = vec!["T1558.001".into()]), ["golden-ticket"]);
    assert_eq!(started(|alert| alert.external_id = Some("2018".into())), ["stolen-ticket"]);
    assert_eq!(started(|alert| alert.external_id = Some("2431".into())), ["account-takeover"]);
    assert_eq!(started(|alert| alert.title = "Password Spray attack".into()), ["password-spray"]);
    assert_eq!(
        started(|alert| alert.product = Product("Microsoft Entra ID Protection".into())),
        ["risky-sign-in"]
    );
    assert_eq!(
        started(|alert| alert.detector_id = Some("xdr_PossibleOktaSessionTheft".into())),
        ["session-theft"]
    );
    assert_eq!(started(|alert| alert.external_id = Some("2014".into())), ["honeytoken"]);
    assert_eq!(
        started(|alert| alert.title = "Ransomware behavior detected in the file system".into()),
        ["ransomware"]
    );
    assert_eq!(
        started(|alert| alert.title = "'LockBit' ransomware was prevented".into()),
        Vec::<String>::new()
    );
    let low = |alert: &mut Alert| {
        alert.external_id = Some("2006".into());
        alert.severity = Some(Severity::Low);
    };
    assert_eq!(started(low), Vec::<String>::new());
    let unsaid = |alert: &mut Alert| {
        alert.external_id = Some("2006".into());
        alert.severity = None;
    };
    assert_eq!(started(unsaid), Vec::<String>::new(), "unknown never acts");
}

#[test]
fn the_sample_alerts_start_what_they_are_samples_of() {
    let matcher = Matcher::new(load(&of_the_quick_start(), &lab(), &Surroundings::default()).playbooks);
    let folder = shipped_folder().join("../examples/alerts");
    for (file, expected) in [
        ("01-dcsync.json", &["dcsync"][..]),
        ("02-golden-ticket.json", &["golden-ticket"]),
        ("03-stolen-ticket.cef", &["stolen-ticket"]),
        ("04-password-spray.json", &["password-spray"]),
        ("05-ransomware-device.json", &["ransomware"]),
        ("06-risky-sign-in.json", &["risky-sign-in"]),
        ("08-honeytoken.json", &["honeytoken"]),
        ("10-machine-account.json", &[]),
        ("16-leaked-credentials.json", &["account-takeover"]),
    ] {
        let decoded = quell_alert::decode(&fs::read(folder.join(file)).unwrap());
        let started: Vec<String> = decoded
            .into_iter()
            .filter_map(|record| match record {
                Decoded::Alert(alert) => Some(alert),
                _ => None,
            })
            .flat_map(|alert| matcher.matching(&alert, AlertState::New, now()))
            .map(|playbook| playbook.name.0.clone())
            .collect();
        assert_eq!(started, expected, "{file}");
    }
}

#[test]
fn those_of_whom_the_alert_says_no_more_than_a_name_are_chosen() {
    let alert = alert();
    for playbook in loaded().playbooks {
        let Some(for_each) = &playbook.for_each else { continue };
        // What has no roles is chosen by what it is.
        if !matches!(for_each.kind, EntityKind::Account | EntityKind::Device) {
            continue;
        }
        let entity = Entity::at(&alert, for_each.kind, 0);
        let scope = LaneScope::new(&alert, entity, now());
        let chosen = for_each.only.as_ref().map_or(Truth::True, |only| only.truth(&scope));
        assert_eq!(chosen, Truth::True, "{}", playbook.name);
    }
}

/// The lines of a list of detections: id first.
fn detections(file: &str) -> Vec<String> {
    let path = shipped_folder().join("../engine/alert/src/catalogue").join(file);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.filter_map(|line| line.split('\t').next()).map(str::to_owned).collect()
}

#[test]
fn each_detection_of_defender_for_identity_starts_one() {
    let matcher = Matcher::new(loaded().playbooks);
    let of_all = |change: &dyn Fn(&mut Alert)| {
        let mut alert = Alert {
            external_id: None,
            techniques: Vec::new(),
            title: "Something".into(),
            severity: Some(Severity::High),
            product: Product(Product::DEFENDER_FOR_IDENTITY.into()),
            ..alert()
        };
        change(&mut alert);
        let started = matcher.matching(&alert, AlertState::New, now());
        started.into_iter().filter(|playbook| playbook.labels.contains(&"identity".to_owned())).count()
    };
    let (classic, newer) = (detections("classic.tsv"), detections("detectors.tsv"));
    assert!(classic.len() > 60 && newer.len() > 40);
    for id in &classic {
        let started = of_all(&|alert| alert.external_id = Some(id.clone()));
        assert_eq!(started, 1, "{id} starts {started}");
    }
    for id in &newer {
        let started = of_all(&|alert| alert.detector_id = Some(id.clone()));
        assert_eq!(started, 1, "{id} starts {started}");
    }
}
