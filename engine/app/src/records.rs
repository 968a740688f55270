//! From a delivery to its records, and from the parts of an alert to the whole of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_alert::{Alert, Decoded, Part, Refusal, decode};
use quell_ingest::{Delivery, Payload};
use quell_store::{Standing, Store, StoreError};

/// The records of a delivery; one that the source would not read is a refusal like any other.
pub(crate) fn understand(delivery: &Delivery) -> Vec<Decoded> {
    match &delivery.payload {
        Payload::Bytes(bytes) => decode(bytes),
        Payload::Refused(refusal) => vec![Decoded::Refused(Refusal {
            reason: refusal.reason.clone(),
            place: "$".into(),
            raw: refusal.beginning.clone(),
        })],
    }
}

/// What is kept of the bytes that an alert came in: its own record, or, of a part of an alert, the whole delivery, so
/// that it can be read again together with the other parts.
pub(crate) fn raw_of(alert: &Alert, delivered: &[u8], alone: bool) -> Vec<u8> {
    if alone || alert.part.is_some() {
        return delivered.to_vec();
    }
    serde_json::to_vec(&alert.document).unwrap_or_default()
}

/// The alert as a playbook should see it. Defender XDR streams an alert in parts, in any order: evidence is seen with
/// the head that came before it, and a head with all the evidence that came before it.
pub(crate) async fn complete(
    alert: &Arc<Alert>,
    raw: &[u8],
    store: &Store,
) -> Result<Arc<Alert>, StoreError> {
    let Some(part) = &alert.part else { return Ok(Arc::clone(alert)) };
    let wanted = match part {
        Part::Head => Part::Evidence,
        Part::Evidence => Part::Head,
    };
    let mut message = raw.to_vec();
    for detection in detections(alert, store)? {
        for version in store.alerts().versions(&detection).await? {
            if parts_of(version.raw(), alert).any(|other| other.part.as_ref() == Some(&wanted)) {
                message.push(b'\n');
                message.extend_from_slice(version.raw());
            }
        }
    }
    let Some(mut whole) = parts_of(&message, alert).next() else { return Ok(Arc::clone(alert)) };
    // It stays a part: later evidence names others, and must not be taken for this one come again.
    whole.part.clone_from(&alert.part);
    Ok(Arc::new(whole))
}

/// Under what the parts of an alert may be kept: its evidence can name another product than its head does.
fn detections(alert: &Alert, store: &Store) -> Result<BTreeSet<String>, StoreError> {
    let named = store.alerts().find(alert.id.as_str())?.into_iter().filter(|one| one.id == alert.id);
    Ok(named.map(|one| one.detection).chain([alert.same_detection_key()]).collect())
}

/// The alert, knowing how it stood in the version before, where there was one that can still be read.
pub(crate) async fn since_before(
    alert: Arc<Alert>,
    standing: Standing,
    store: &Store,
) -> Result<Arc<Alert>, StoreError> {
    if !matches!(standing, Standing::Newer { .. }) || alert.part.is_some() {
        return Ok(alert);
    }
    let versions = store.alerts().versions(&alert.same_detection_key()).await?;
    let earlier = versions.last().and_then(|version| parts_of(version.raw(), &alert).next());
    Ok(match earlier {
        Some(earlier) => Arc::new(Alert::clone(&alert).since(&earlier)),
        None => alert,
    })
}

fn parts_of(raw: &[u8], alert: &Alert) -> impl Iterator<Item = Alert> {
    let id = alert.id.clone();
    decode(raw).into_iter().filter_map(move |decoded| match decoded {
        Decoded::Alert(other) if other.id == id => Some(*other),
        _ => None,
    })
}
