//! The playbooks that are shipped: whole, careful, and started by the alerts they are for.

use std::collections::BTreeSet;
use std::fs;

use quell_action::{Catalogue, Connector, Impact};
use quell_alert::{Alert, Decoded, Product, Severity};
use quell_playbook::condition::Truth;
use quell_playbook::model::{AlertState, Mode, Verb};
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
    let mut found = Vec::new();
    for folder in ["identity", "device", "notify"] {
        for path in files(&shipped_folder().join(folder), "yaml") {
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

/// Everything that this program could offer.
pub(crate) fn known() -> Catalogue {
    let lab = quell_lab::LabConnector::actions(None);
    let own = quell_action::lists::described();
    Catalogue::new(lab.into_iter().chain(quell_webhook::WebhookConnector::actions(None)).chain(own))
}

fn loaded() -> Loaded {
    load(&shipped(), &lab(), &Surroundings { known: known(), ..Surroundings::default() })
}

#[test]
fn they_load_on_the_lab_without_a_mistake() {
    let loaded = loaded();
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|found| found.is_error()).cloned().collect();
    assert!(errors.is_empty(), "{}", render::text(&errors, &loaded.sources, Style::PLAIN));
    // The only warning is that the one which tells waits for its webhook.
    let warned: BTreeSet<&str> = loaded.diagnostics.iter().map(|found| found.place.file.as_str()).collect();
    assert_eq!(warned, BTreeSet::from(["notify/tell-soc.yaml"]));
    assert!(loaded.playbooks.len() >= 8);
}

#[test]
fn those_that_wait_load_where_their_connector_is() {
    let loaded = load(&shipped(), &known(), &Surroundings::default());
    assert_eq!(loaded.diagnostics, []);
}

#[test]
fn each_says_what_it_is_and_how_many_it_may_touch() {
    for playbook in loaded().playbooks {
        let name = &playbook.name;
        assert!(playbook.description.is_some(), "{name} has no description");
        assert!(!playbook.labels.is_empty(), "{name} has no labels");
        let disruptive = playbook.steps.iter().any(|step| match &step.verb {
            Verb::Do(action) => {
                known().named(action.action.as_str()).any(|info| info.spec.impact == Impact::Disruptive)
            }
            _ => false,
        });
        if disruptive {
            let source = &playbook.source;
            assert!(source.contains("at_most:"), "{name} does not say how many it may touch");
            assert!(playbook.when.states == [AlertState::New], "{name} acts on old news");
        }
    }
}

#[test]
fn each_alert_starts_those_that_are_for_it() {
    let matcher = Matcher::new(loaded().playbooks);
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
    let matcher = Matcher::new(loaded().playbooks);
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
        let entity = Entity::at(&alert, for_each.kind, 0);
        let scope = LaneScope::new(&alert, entity, now());
        let chosen = for_each.only.as_ref().map_or(Truth::True, |only| only.truth(&scope));
        assert_eq!(chosen, Truth::True, "{}", playbook.name);
    }
}

#[test]
fn most_act_and_one_watches() {
    let loaded = loaded();
    let of = |mode| loaded.playbooks.iter().filter(|playbook| playbook.mode == mode).count();
    assert!(of(Mode::Act) >= 8);
    assert_eq!(of(Mode::Observe), 1);
    assert_eq!(of(Mode::Disabled), 1);
}
