//! Nobody excluded is touched: under whatever name, and whenever the entry comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quell_action::Failure;
use quell_action::exclusion::Reason;
use quell_run::{Entry, Finish, LaneEnd, Phase};
use quell_tests::run::{AD, CallKind, Fault, House, OKTA, Person, alert_about};

use crate::playbooks::CONTAIN;

async fn contained(house: &House, person: &Person) -> quell_run::RunState {
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[person]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    house.state(&plan.run).await
}

#[tokio::test(start_paused = true)]
async fn under_any_alias_in_any_directory() {
    let alice = Person::new("alice");
    for alias in [alice.sid(), alice.upn(), alice.login(), alice.entra_id(), alice.anchor()] {
        let house = House::new().with([&alice, &Person::new("bob")]);
        house.exclude(std::slice::from_ref(&alias));
        let state = contained(&house, &alice).await;
        assert!(house.vendor.disabled().is_empty(), "{alias}");
        assert!(house.vendor.writes().iter().all(|call| call.action == "desk.tell"), "{alias}");
        assert_eq!(state.finish(), Some(Finish::Excluded), "{alias}");
        assert_eq!(state.lanes()[0].end(), Some(LaneEnd::Excluded));
        let excluded = state.tasks().find_map(|task| task.excluded.clone()).expect("the entry is on record");
        assert!(matches!(excluded.reason, Reason::Listed { .. }));
    }
}

/// The entry comes before each call in turn, look-ups and reads included. Whatever begins after it is not disruptive.
#[tokio::test(start_paused = true)]
async fn that_comes_between_any_two_moves() {
    let alice = Person::new("alice");
    let calls = {
        let house = House::new().with([&alice]);
        contained(&house, &alice).await;
        house.vendor.calls().len()
    };
    for moment in 0..calls {
        let house = House::new().with([&alice]);
        let (exclude, name) = (house.clone(), alice.upn());
        house.vendor.at_each_call(move |call| {
            if call.number == moment {
                exclude.exclude(std::slice::from_ref(&name));
            }
        });
        let state = contained(&house, &alice).await;
        let late = house.vendor.writes();
        // The call at whose beginning the entry came had begun already.
        let late = late.iter().find(|call| call.number > moment && call.action.starts_with("account."));
        assert_eq!(late, None, "the entry came at call {moment}");
        assert!(state.finish().is_some());
    }
}

/// The entry comes while the intent is written: the last moment before the call.
#[tokio::test(start_paused = true)]
async fn that_comes_while_the_intent_goes_to_disk() {
    let alice = Person::new("alice");
    let writes = {
        let house = House::new().with([&alice]);
        contained(&house, &alice).await;
        house.journal.writes()
    };
    let mut stopped_at_the_last_moment = 0;
    for moment in 1..writes {
        let house = House::new().with([&alice]);
        let (exclude, name) = (house.clone(), alice.sid());
        let begun = Arc::new(AtomicUsize::new(usize::MAX));
        let (noted, vendor) = (Arc::clone(&begun), house.vendor.clone());
        house.journal.at_each_write(move |write| {
            if write == moment {
                exclude.exclude(std::slice::from_ref(&name));
                noted.store(vendor.calls().len(), Ordering::SeqCst);
            }
        });
        let state = contained(&house, &alice).await;
        let begun = begun.load(Ordering::SeqCst);
        let late = house.vendor.writes();
        let late = late.iter().find(|call| call.number >= begun && call.action.starts_with("account."));
        assert_eq!(late, None, "the entry came at write {moment}");
        stopped_at_the_last_moment +=
            state.tasks().filter(|task| task.phase == Phase::Excluded && task.attempts > 0).count();
    }
    assert!(stopped_at_the_last_moment > 0, "no intent was followed by an exclusion: the test tests nothing");
}

#[tokio::test(start_paused = true)]
async fn that_comes_while_a_retry_waits() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let exclude = house.clone();
    let name = alice.upn();
    house.vendor.script(move |call| {
        let first = call.kind == CallKind::Execute && call.action == "account.disable";
        if first {
            exclude.exclude(std::slice::from_ref(&name));
        }
        first.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let state = contained(&house, &alice).await;
    assert!(house.vendor.disabled().is_empty());
    assert!(state.tasks().filter(|task| task.task.reversible).all(|task| task.phase == Phase::Excluded));
}

#[tokio::test(start_paused = true)]
async fn that_comes_during_the_call_is_on_record() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let (exclude, name) = (house.clone(), alice.upn());
    house.vendor.at_each_call(move |call| {
        if call.kind == CallKind::Execute && call.action == "account.disable" {
            exclude.exclude(std::slice::from_ref(&name));
        }
    });
    let state = contained(&house, &alice).await;
    let done: Vec<_> = state.tasks().filter(|task| task.changed() && task.task.reversible).collect();
    assert!(!done.is_empty());
    for task in done {
        let meanwhile = task.fulfilled.as_ref().and_then(|fulfilled| fulfilled.excluded_meanwhile.as_ref());
        assert!(meanwhile.is_some(), "excluded after the start: {task:#?}");
    }
}

/// While a directory is away nobody can say that it does not know the person as one of the excluded.
#[tokio::test(start_paused = true)]
async fn unknown_never_acts_and_waits() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let clock = house.clock.clone();
    let back = quell_tests::run::dawn() + chrono::Duration::hours(3);
    house.vendor.script(move |call| {
        let away = call.kind == CallKind::LookUp && call.provider == OKTA;
        (away && quell_run::Clock::now(&clock) < back)
            .then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let state = contained(&house, &alice).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "it came back after three hours");
    let first = house.lines(&state.plan().run).await;
    let started = first.iter().find(|line| matches!(line.entry, Entry::Started { .. })).expect("started");
    assert!(started.at >= back);
}

#[tokio::test(start_paused = true)]
async fn unknown_never_acts_and_gives_up_in_the_end() {
    let alice = Person::new("alice");
    // Away from the beginning, or from the moment at which the step has been worked out (two questions later).
    for from in [0, 2] {
        let house = House::new().with([&alice]);
        let asked = AtomicUsize::new(0);
        house.vendor.script(move |call| {
            let away = call.kind == CallKind::LookUp && call.provider == OKTA;
            (away && asked.fetch_add(1, Ordering::SeqCst) >= from)
                .then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
        });
        let state = contained(&house, &alice).await;
        assert!(house.vendor.disabled().is_empty());
        let expected = if from == 0 { LaneEnd::Failed } else { LaneEnd::Excluded };
        assert_eq!(state.lanes()[0].end(), Some(expected), "{state:#?}");
        let waited = (house.clock_now() - quell_tests::run::dawn()).to_std().expect("forward");
        assert!(waited >= Duration::from_secs(20 * 3600), "{waited:?}");
        assert!(waited < Duration::from_secs(21 * 3600), "{waited:?}");
    }
}

/// An entry that comes while the target is read stops the call before anything is written of it.
#[tokio::test(start_paused = true)]
async fn that_comes_while_the_target_is_read_leaves_no_intent() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let (exclude, name) = (house.clone(), alice.upn());
    house.vendor.at_each_call(move |call| {
        if call.kind == CallKind::Observe {
            exclude.exclude(std::slice::from_ref(&name));
        }
    });
    let state = contained(&house, &alice).await;
    assert_eq!(state.finish(), Some(Finish::Excluded));
    let lines = house.lines(&state.plan().run).await;
    let begun = lines.iter().filter(|line| match &line.entry {
        Entry::Started { task, .. } => {
            state.task(task).is_some_and(|task| task.task.action.as_str() != "desk.tell")
        }
        _ => false,
    });
    assert_eq!(begun.count(), 0, "an intent of a call that was not made");
}

/// Whoever is excluded is not even looked at: that things are with them as the playbook wants them is not its doing.
#[tokio::test(start_paused = true)]
async fn who_is_excluded_is_not_looked_at_and_nothing_of_them_is_held() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    house.vendor.set_disabled(AD, &alice, true);
    house.exclude(&[alice.upn()]);
    let playbook = house.playbook(crate::playbooks::CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.calls().iter().all(|call| call.kind == CallKind::LookUp));
    assert_eq!(house.state(&plan.run).await.tasks().next().unwrap().phase, Phase::Excluded);
}

/// Who is meant cannot be asked for a while: what the conditions want to know is waited for, and not taken as unknown.
#[tokio::test(start_paused = true)]
async fn conditions_wait_for_a_directory_that_is_away() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let asked = AtomicUsize::new(0);
    house.vendor.script(move |call| {
        let is_away = call.kind == CallKind::LookUp && asked.fetch_add(1, Ordering::SeqCst) < 6;
        is_away.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let unless = "for_each: account\nunless: { any: [ account.groups: { any_of: [Break Glass] } ] }\n";
    let playbook = house.playbook(&crate::playbooks::CUT_OFF.replace("for_each: account\n", unless));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.is_disabled(AD, &alice), "{}", house.story(&plan.run).await);
}
