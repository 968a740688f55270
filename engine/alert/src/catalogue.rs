//! What Defender for Identity detects, and what its alerts leave out: ids, tactics, techniques.
//!
//! The classic detections have a permanent number and a type key, the newer ones a detector id. Titles change; alerts
//! carry one, two or all of these. The catalogue completes an alert and never corrects it, with one exception: where
//! type key and number contradict each other, the type key is right (lines with a wrong number were published).

use std::sync::LazyLock;

use crate::alert::{Alert, Oddity};
use crate::decode::words;
use crate::folding::squeeze;
use crate::product::Product;

/// A classic detection.
struct Classic {
    external_id: &'static str,
    type_key: &'static str,
    names: [String; 2],
    tactics: &'static str,
    techniques: &'static str,
}

/// A detector of the newer kind.
struct Detector {
    id: &'static str,
    titles: Vec<String>,
    tactic: &'static str,
}

static CLASSIC: LazyLock<Vec<Classic>> = LazyLock::new(|| {
    let lines = lines(include_str!("catalogue/classic.tsv"));
    let read = |fields: Vec<&'static str>| match fields.as_slice() {
        [external_id, type_key, name, former, _severity, tactics, techniques] => Some(Classic {
            external_id,
            type_key,
            names: [squeeze(name), squeeze(former)],
            tactics,
            techniques,
        }),
        _ => None,
    };
    lines.filter_map(read).collect()
});

static DETECTORS: LazyLock<Vec<Detector>> = LazyLock::new(|| {
    let lines = lines(include_str!("catalogue/detectors.tsv"));
    let read = |fields: Vec<&'static str>| match fields.as_slice() {
        [id, titles, _severity, tactic] => {
            Some(Detector { id, titles: titles.split(';').map(squeeze).collect(), tactic })
        }
        _ => None,
    };
    lines.filter_map(read).collect()
});

/// Adds to an alert what the catalogue knows and the alert does not say; each addition is named among the oddities.
pub(crate) fn complete(alert: &mut Alert) {
    if alert.detector_id.is_none() {
        alert.detector_id = alert.alert_type.clone().filter(|key| key.starts_with("xdr_"));
    }
    let of_identity = alert.product.as_str() == Product::DEFENDER_FOR_IDENTITY;
    if !of_identity && alert.detector_id.is_none() {
        return;
    }
    let title = squeeze(alert.title.trim_start_matches("[PREVIEW]").trim_start_matches("[TEST SIMULATION]"));
    if of_identity && let Some(detection) = classic(alert, &title) {
        return complete_classic(alert, detection, &title);
    }
    let by_id =
        alert.detector_id.as_deref().and_then(|id| DETECTORS.iter().find(|detector| detector.id == id));
    let by_title = || only(DETECTORS.iter().filter(|detector| detector.titles.contains(&title)));
    let may_go_by_title = of_identity && alert.detector_id.is_none();
    if let Some(detector) = by_id.or_else(|| may_go_by_title.then(by_title).flatten()) {
        complete_detector(alert, detector);
    }
}

/// The classic detection that an alert is: by type key, else by number, else by title.
fn classic(alert: &Alert, title: &str) -> Option<&'static Classic> {
    let key = alert.alert_type.as_deref().unwrap_or("");
    let of_key: Vec<&Classic> = CLASSIC.iter().filter(|one| !key.is_empty() && one.type_key == key).collect();
    let has_id = |one: &&Classic| alert.external_id.as_deref() == Some(one.external_id);
    match of_key.as_slice() {
        [] => CLASSIC.iter().find(has_id).or_else(|| only(CLASSIC.iter().filter(|one| one.is_called(title)))),
        [one] => Some(one),
        // Four detections share one type key.
        several => {
            let by_id = several.iter().copied().find(has_id);
            by_id.or_else(|| only(several.iter().copied().filter(|one| one.is_called(title))))
        }
    }
}

impl Classic {
    fn is_called(&self, squeezed: &str) -> bool {
        !squeezed.is_empty() && self.names.iter().any(|name| name == squeezed)
    }
}

fn complete_classic(alert: &mut Alert, detection: &'static Classic, title: &str) {
    let id = detection.external_id;
    match alert.external_id.as_deref() {
        None => note(alert, format!("external id {id} taken from the catalogue")),
        Some(given) if given != id => {
            let what = format!(
                "external id {given} contradicts the type key, which is that of {id}: the key counts"
            );
            note(alert, what);
        }
        Some(_) => {}
    }
    alert.external_id = Some(id.to_owned());
    let called = only(CLASSIC.iter().filter(|one| one.is_called(title)));
    if let Some(called) = called.filter(|called| called.external_id != id) {
        note(alert, format!("the title is that of detection {}, not of {id}", called.external_id));
    }
    fill(alert, detection.tactics, detection.techniques);
}

fn complete_detector(alert: &mut Alert, detector: &'static Detector) {
    if alert.detector_id.is_none() {
        alert.detector_id = Some(detector.id.to_owned());
        note(alert, format!("detector id {} taken from the catalogue", detector.id));
    }
    fill(alert, detector.tactic, "");
}

fn fill(alert: &mut Alert, tactics: &str, techniques: &str) {
    if alert.tactics.is_empty() && !tactics.is_empty() {
        words::tactics(&tactics.into(), &mut alert.tactics);
        note(alert, "tactics taken from the catalogue".to_owned());
    }
    if alert.techniques.is_empty() && !techniques.is_empty() {
        words::techniques(&techniques.into(), &mut alert.techniques);
        note(alert, "techniques taken from the catalogue".to_owned());
    }
}

fn note(alert: &mut Alert, what: String) {
    alert.oddities.push(Oddity { place: "$".to_owned(), what });
}

/// The only one there is.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Format;
    use crate::decode::draft::blank;

    fn identity(key: Option<&str>, id: Option<&str>, title: &str) -> Alert {
        let mut alert = blank(Format::SecurityAlert);
        alert.product = Product(Product::DEFENDER_FOR_IDENTITY.to_owned());
        alert.alert_type = key.map(str::to_owned);
        alert.external_id = id.map(str::to_owned);
        alert.title = title.to_owned();
        complete(&mut alert);
        alert
    }

    #[test]
    fn the_catalogue_is_whole() {
        assert_eq!(CLASSIC.len(), 69);
        assert_eq!(DETECTORS.len(), 49);
        assert!(CLASSIC.iter().all(|one| one.external_id.len() == 4 && !one.tactics.is_empty()));
        assert!(DETECTORS.iter().all(|one| one.id.starts_with("xdr_") && !one.titles.is_empty()));
    }

    #[test]
    fn key_number_and_titles_old_and_new_lead_to_a_detection() {
        for alert in [
            identity(Some("DirectoryServicesReplicationSecurityAlert"), None, ""),
            identity(None, Some("2006"), ""),
            identity(None, None, "Suspected DCSync attack (replication of directory services)"),
            identity(None, None, "Malicious replication of directory services"),
        ] {
            assert_eq!(alert.external_id.as_deref(), Some("2006"));
            assert_eq!(alert.techniques, ["T1003", "T1003.006"]);
            assert_eq!(alert.tactics, ["CredentialAccess", "Persistence"]);
            assert!(!alert.oddities.is_empty());
        }
    }

    #[test]
    fn the_type_key_is_believed_against_the_number() {
        let alert = identity(Some("SamrReconnaissanceSecurityAlert"), Some("2019"), "x");
        assert_eq!(alert.external_id.as_deref(), Some("2021"));
        assert!(alert.oddities[0].what.contains("2019"));
    }

    #[test]
    fn a_key_of_several_detections_needs_the_number_or_the_title() {
        let key = Some("AbnormalProtocolSecurityAlert");
        assert_eq!(identity(key, Some("2034"), "x").external_id.as_deref(), Some("2034"));
        assert_eq!(
            identity(key, None, "Suspected WannaCry ransomware attack").external_id.as_deref(),
            Some("2035")
        );
        assert_eq!(identity(key, None, "x").external_id, None);
        let odd = identity(key, Some("2034"), "ReconnaissanceusingSMBSessionEnumeration");
        assert!(odd.oddities.iter().any(|oddity| oddity.what.contains("2012")));
    }

    #[test]
    fn what_the_alert_says_is_kept() {
        let mut alert = blank(Format::SecurityAlert);
        alert.product = Product(Product::DEFENDER_FOR_IDENTITY.to_owned());
        alert.external_id = Some("2006".to_owned());
        alert.techniques = vec!["T9999".to_owned()];
        complete(&mut alert);
        assert_eq!(alert.techniques, ["T9999"]);
    }

    #[test]
    fn detectors_are_known_by_id_and_by_title() {
        let mut alert = identity(Some("xdr_SuspiciousLdapQuery"), None, "x");
        assert_eq!(alert.detector_id.as_deref(), Some("xdr_SuspiciousLdapQuery"));
        assert_eq!(alert.tactics, ["Discovery"]);
        alert = identity(None, None, "Possible NetSync attack");
        assert_eq!(alert.detector_id.as_deref(), Some("xdr_PossibleNetsyncAttack"));
        let mut other = blank(Format::GraphV2);
        other.title = "Possible NetSync attack".to_owned();
        complete(&mut other);
        assert_eq!(other.detector_id, None, "another product may use the same title");
    }
}
