//! Versions of one alert that are decided at the same time: each is on disk in the end, and the alert is acted on once.

use quell_alert::{Alert, Decoded, decode};

use super::*;
use crate::decider::Decision;

/// How many pairs are tried: in most of them one version comes in while the other is being planned.
const PAIRS: u32 = 25;

/// A version of the alert with this number.
fn version(number: u32, hour: u32) -> (Arc<Alert>, Vec<u8>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("examples/alerts/01-dcsync.json")).unwrap();
    let mut alert: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    for key in ["SystemAlertId", "VendorOriginalId"] {
        alert[key] = format!("{number:08x}-0000-4000-8000-000000000001").into();
    }
    for key in ["TimeGenerated", "ProcessingEndTime"] {
        alert[key] = format!("2026-03-02T{hour:02}:00:00Z").into();
    }
    let bytes = alert.to_string().into_bytes();
    let Some(Decoded::Alert(alert)) = decode(&bytes).into_iter().next() else { panic!("{alert}") };
    (Arc::from(alert), bytes)
}

async fn decide(decider: &Decider, (alert, bytes): &(Arc<Alert>, Vec<u8>)) -> usize {
    let origin = serde_json::json!({});
    match decider.decide(alert, bytes, &origin, &mut Vec::new()).await.unwrap() {
        Decision::Accepted { runs, .. } => runs.len(),
        Decision::Repeated => panic!("a version that nobody has seen is taken for a repeated one"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_that_come_at_once_are_both_recorded_and_acted_on_once() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&MemoryDisk::new(), folder.path(), false).await;
    let decider = &process.pipeline.decider;
    for number in 0..PAIRS {
        let (earlier, later) = (version(number, 9), version(number, 10));
        let (one, other) = futures::join!(decide(decider, &earlier), decide(decider, &later));
        assert_eq!(one.min(other), 0, "the second version starts nothing anew");
        assert!(one.max(other) > 0, "the first one does");
        let versions = decider.store.alerts().versions(&earlier.0.same_detection_key()).await.unwrap();
        assert_eq!(versions.len(), 2, "pair {number}");
    }
    decider.engine.idle().await;
}
