//! What is looked at once more immediately before something is done, and what would happen if it were not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    AccountFacts, ActionError, Connection, DeviceFacts, Directory, Failure, LookUp, Registry,
};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_playbook::Kept;
use quell_run::{
    Batch, Entry, Hands, Held, HoldKey, Holder, Journal, JournalError, Line, Phase, Reservation, Reserved,
    RunId, RunSummary,
};
use quell_tests::run::{
    AD, BreakingJournal, CallKind, ENTRA, Fault, House, Person, alert_about, device_alert, in_time,
    settle_down,
};

use crate::playbooks::{CONTAIN, CUT_OFF};

const ISOLATE: &str = "language: 1\nplaybook: isolate\ntitle: Isolate\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: medium }\nfor_each: device\nsteps:\n  - do: device.isolate\n";

fn restored(house: &House) -> usize {
    house.vendor.calls().iter().filter(|call| call.kind == CallKind::Restore).count()
}

/// The brake goes on while the target is read: the intent is not written.
#[tokio::test(start_paused = true)]
async fn a_pause_that_comes_while_the_target_is_read_holds_the_call_back() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let brake = house.brake.clone();
    house.vendor.at_each_call(move |call| {
        if call.kind == CallKind::Observe {
            brake.set(true);
        }
    });
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    settle_down().await;
    assert!(house.vendor.disabled().is_empty());
    assert!(!house.story(&plan.run).await.contains("started"));
    house.vendor.at_each_call(|_| {});
    house.brake.set(false);
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// Whatever was said a moment ago: before a device is acted on, its system is asked anew.
#[tokio::test(start_paused = true)]
async fn a_device_is_asked_about_anew_before_it_is_acted_on() {
    let mut house = House::new();
    house.settings.remember_for = Duration::from_secs(3600);
    house.vendor.enrol("wks-1");
    let playbook = house.playbook(ISOLATE);
    let plan = house.plan(&device_alert("a-1", "wks-1"), &playbook);
    house.carry_through(&[(plan, playbook)]).await;
    let calls = house.vendor.calls();
    let acted = calls.iter().position(|call| call.kind == CallKind::Execute).expect("it was isolated");
    assert_eq!(calls[..acted].iter().filter(|call| call.kind == CallKind::LookUp).count(), 2);
}

/// The name leads to another account by now: the one that was planned for is left alone, and the record says why.
#[tokio::test(start_paused = true)]
async fn an_account_that_is_no_longer_meant_is_not_touched() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let asked = AtomicUsize::new(0);
    house.vendor.script(move |call| {
        let again =
            call.kind == CallKind::LookUp && call.provider == AD && asked.fetch_add(1, Ordering::SeqCst) > 0;
        again.then_some(Fault::Fails(Failure::NotFound))
    });
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.disabled().is_empty());
    let state = house.state(&plan.run).await;
    let task = state.tasks().next().unwrap();
    assert_eq!(task.phase, Phase::Failed, "{:?}", task.excluded);
    let why = &task.error.as_ref().unwrap().message;
    assert!(why.contains("no longer one of the accounts"), "{why}");
}

/// A system that knows devices, and answers only so often.
struct Tiring {
    answers: AtomicUsize,
}

#[async_trait]
impl Directory for Tiring {
    fn provider(&self) -> Provider {
        "second".into()
    }

    fn knows_accounts(&self) -> bool {
        false
    }

    fn knows_devices(&self) -> bool {
        true
    }

    async fn account(&self, _: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        match self.answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Ok(LookUp::NotFound),
            Err(_) => Err(ActionError::unavailable("it is away")),
        }
    }
}

/// One system of two that know devices can no longer be asked when the device is to be isolated: it might have said that
/// the device carries a protected tag.
#[tokio::test(start_paused = true)]
async fn a_device_of_which_not_every_system_could_be_asked_is_not_touched() {
    for (answers, isolated) in [(100, 1), (1, 0)] {
        let house = House::new();
        house.vendor.enrol("wks-1");
        let first = house.vendor.connection();
        let directory = Arc::new(Tiring { answers: AtomicUsize::new(answers) }) as Arc<dyn Directory>;
        let second = Connection {
            name: "second".into(),
            actions: Vec::new(),
            directories: vec![directory],
            carrier: None,
            probe: Arc::clone(&first.probe),
        };
        let registry = Registry::new(&[first, second]).unwrap();
        let playbook = house.playbook_of(ISOLATE, &registry.catalogue());
        let plan = house.plan(&device_alert("a-1", "wks-1"), &playbook);
        let engine = house.engine_with(Hands::acting(registry));
        engine.start(plan, playbook).await.unwrap();
        in_time(engine.idle()).await;
        let calls = house.vendor.calls();
        let acted = calls.iter().filter(|call| call.kind == CallKind::Execute).count();
        assert_eq!(acted, isolated, "{answers} answers");
    }
}

/// An undo that the system accepts and does not carry out is no undo.
#[tokio::test(start_paused = true)]
async fn an_undo_that_does_not_show_when_read_back_is_for_a_person() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    house.vendor.script(|call| (call.kind == CallKind::Restore).then_some(Fault::Lies));
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(house.state(&plan.run).await.tasks().next().unwrap().phase, Phase::Stuck);
    assert!(house.vendor.is_disabled(AD, &alice));
    // It still holds: once the system does as it says, it can be taken back.
    house.vendor.behave();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(!house.vendor.is_disabled(AD, &alice));
}

/// What one step does to two accounts goes side by side; to take the one back waits until the other is answered.
#[tokio::test(start_paused = true)]
async fn an_undo_waits_for_the_calls_of_its_lane_that_are_under_way() {
    let alice = Person::only_at("alice", &[AD, ENTRA]);
    let house = House::new().with([&alice]);
    house.vendor.script(|call| {
        (call.kind == CallKind::Execute && call.provider == ENTRA)
            .then_some(Fault::Slow(Duration::from_secs(20)))
    });
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(house.vendor.is_disabled(AD, &alice), "the one is done, the other under way");
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let calls = house.vendor.calls();
    let over = calls
        .iter()
        .filter(|call| call.kind == CallKind::Execute && call.provider == ENTRA)
        .map(|call| call.span.1)
        .max();
    let begun = calls.iter().filter(|call| call.kind == CallKind::Restore).map(|call| call.span.0).min();
    assert!(over < begun, "{over:?} {begun:?}");
    assert!(house.vendor.disabled().is_empty());
}

/// A journal in which no hold is to be found.
struct Forgetful(Arc<BreakingJournal>);

#[async_trait]
impl Journal for Forgetful {
    async fn append(&self, batch: Batch) -> Result<(), JournalError> {
        self.0.append(batch).await
    }

    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError> {
        self.0.reserve(order).await
    }

    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        self.0.read(run).await
    }

    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.0.unfinished().await
    }

    async fn kept(&self, detection: &str) -> Result<Kept, JournalError> {
        self.0.kept(detection).await
    }

    async fn held(&self, _: &HoldKey, _: &Holder) -> Result<Held, JournalError> {
        Ok(Held::default())
    }
}

/// Where no record tells who holds a state, the run's own lines still say what it changed.
#[tokio::test(start_paused = true)]
async fn an_undo_without_a_record_of_holds_goes_by_the_run_itself() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine_on(Arc::new(Forgetful(Arc::clone(&house.journal))));
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(!house.vendor.is_disabled(AD, &alice));
    assert_eq!(restored(&house), 1);
}

/// To take back that somebody was let in again is to shut them out: the list is asked for that too.
#[tokio::test(start_paused = true)]
async fn taking_back_what_gave_something_asks_the_list() {
    for excluded in [false, true] {
        let alice = Person::only_at("alice", &[AD]);
        let house = House::new().with([&alice]);
        house.vendor.set_disabled(AD, &alice, true);
        let playbook = house.playbook(&CUT_OFF.replace("account.disable", "account.enable"));
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        assert!(!house.vendor.is_disabled(AD, &alice));
        if excluded {
            house.exclude(&[alice.upn()]);
        }
        engine.undo(&plan.run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
        assert_eq!(house.vendor.is_disabled(AD, &alice), !excluded);
        let begun =
            house.lines(&plan.run).await.iter().any(|line| matches!(line.entry, Entry::UndoStarted { .. }));
        assert_eq!(begun, !excluded, "an intent of a call that was not made");
    }
}
