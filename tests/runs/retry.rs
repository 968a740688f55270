//! Waiting: as long as the playbook says, as long as the vendor asks, and not a moment in earnest.

use std::time::Duration;

use quell_action::Failure;
use quell_alert::Timestamp;
use quell_run::Entry;
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about};

use crate::playbooks::CUT_OFF;

/// When each attempt was begun, in seconds after the first.
async fn attempts(failure: Failure) -> Vec<i64> {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(move |call| (call.kind == CallKind::Execute).then_some(Fault::Fails(failure)));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let lines = house.lines(&plan.run).await;
    let begun: Vec<Timestamp> =
        lines.iter().filter(|line| matches!(line.entry, Entry::Started { .. })).map(|line| line.at).collect();
    begun.iter().map(|at| (*at - begun[0]).num_seconds()).collect()
}

#[tokio::test(start_paused = true)]
async fn waits_double() {
    assert_eq!(attempts(Failure::Unavailable { retry_after: None }).await, [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_asks_for_is_honoured_and_capped() {
    let asked = |seconds| Failure::Throttled { retry_after: Some(Duration::from_secs(seconds)) };
    assert_eq!(attempts(asked(90)).await, [0, 90, 180]);
    assert_eq!(attempts(asked(1_000_000)).await, [0, 3600, 7200]);
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not_repeated() {
    for failure in [Failure::Rejected, Failure::Forbidden, Failure::Credentials, Failure::NotFound] {
        assert_eq!(attempts(failure).await, [0], "{failure:?}");
    }
}

/// A vendor that is silent is given the time that the playbook says, and the target is read instead of called again.
#[tokio::test(start_paused = true)]
async fn silence_is_settled_by_reading() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::SilentAfter));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.vendor.writes().len(), 1);
    assert_eq!(
        house.story(&plan.run).await,
        "created expanded started unsettled succeeded lane_ended finished"
    );
}
