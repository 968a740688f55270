//! Lanes of one identity go one after another, over all playbooks and runs; those of others go side by side.

use std::time::Duration;

use quell_run::{Finish, Plan};
use quell_tests::run::{AD, Call, Fault, House, Person, account, alert, alert_about, in_time, settle_down};

use crate::playbooks::{CONTAIN, CUT_OFF};

/// Two calls of which one began before the other had ended.
fn overlapping<'a>(calls: &'a [Call], of: &str) -> Option<(&'a Call, &'a Call)> {
    let about: Vec<&Call> = calls.iter().filter(|call| call.target.ends_with(of)).collect();
    about.iter().enumerate().find_map(|(at, one)| {
        let other = about[at + 1..].iter().find(|other| {
            other.span.0 < one.span.1 && one.span.0 < other.span.1 && run_of(one) != run_of(other)
        })?;
        Some((*one, *other))
    })
}

fn run_of(call: &Call) -> &str {
    call.key.split('/').next().unwrap_or_default()
}

/// One alert knows her by SID, another by UPN, a third by her Entra id; each of two playbooks takes all of them.
#[tokio::test(start_paused = true)]
async fn two_runs_of_one_identity_never_overlap() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(|_| Some(Fault::Slow(Duration::from_secs(2))));
    let playbooks = [house.playbook(CONTAIN), house.playbook(CUT_OFF)];
    let names = [alice.sid(), alice.upn(), alice.entra_id()];
    let plans: Vec<_> = names
        .iter()
        .enumerate()
        .flat_map(|(number, name)| {
            let alert = alert(&format!("a-{number}"), vec![account(std::slice::from_ref(name))]);
            playbooks.clone().map(|playbook| (house.plan(&alert, &playbook), playbook))
        })
        .collect();
    house.carry_through(&plans).await;
    let calls = house.vendor.calls();
    let writes: Vec<Call> = calls.into_iter().filter(|call| !call.key.is_empty()).collect();
    assert_eq!(overlapping(&writes, ":alice"), None);
    assert!(house.vendor.changes().values().all(|changes| *changes == 1));
    for (plan, _) in &plans {
        let finish = house.state(&plan.run).await.finish();
        assert!(matches!(finish, Some(Finish::Contained | Finish::NothingToDo)), "{finish:?}");
    }
}

/// Whatever stood in line when the engine stopped goes on in the order in which it came.
#[tokio::test(start_paused = true)]
async fn who_waited_when_the_engine_stopped_goes_on_in_the_same_order() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(|_| Some(Fault::Slow(Duration::from_secs(100))));
    let playbook = house.playbook(CUT_OFF);
    let engine = house.engine();
    let mut came = Vec::new();
    for number in 0..12 {
        let plan = house.plan(&alert_about(&format!("a-{number}"), &[&alice]), &playbook);
        came.push(plan.run.clone());
        engine.start(plan, playbook.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    engine.stop_now();
    settle_down().await;
    let found = house.engine().recover().await.unwrap();
    assert_eq!(found.resumed, came);
}

#[tokio::test(start_paused = true)]
async fn others_do_not_wait() {
    let people: Vec<Person> = (0..20).map(|number| Person::only_at(&format!("p{number}"), &[AD])).collect();
    let house = House::new().with(&people);
    house
        .vendor
        .script(|call| (call.action == "account.disable").then_some(Fault::Slow(Duration::from_secs(10))));
    let playbook = house.playbook(CUT_OFF);
    let plans: Vec<(Plan, _)> = people
        .iter()
        .map(|person| (house.plan(&alert_about(&person.name, &[person]), &playbook), playbook.clone()))
        .collect();
    house.carry_through(&plans).await;
    assert_eq!(house.vendor.disabled().len(), 20);
    // Read, call and read back: thirty seconds for one, and for all of them side by side.
    let took = (house.clock_now() - quell_tests::run::dawn()).num_seconds();
    assert!(took <= 31, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn one_hot_lane_holds_nobody_else_up() {
    let (alice, bob) = (Person::only_at("alice", &[AD]), Person::only_at("bob", &[AD]));
    let mut house = House::new().with([&alice, &bob]);
    house.settings.calls_at_once = 2;
    house.vendor.script(|call| (!call.key.is_empty()).then_some(Fault::Slow(Duration::from_secs(10))));
    let playbook = house.playbook(CONTAIN);
    let engine = house.engine();
    for number in 0..300 {
        let plan = house.plan(&alert_about(&format!("hot-{number}"), &[&alice]), &playbook);
        engine.start(plan, playbook.clone()).await.unwrap();
    }
    let plan = house.plan(&alert_about("other", &[&bob]), &playbook);
    engine.start(plan, playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(house.vendor.is_disabled(AD, &bob), "{} lanes wait", engine.waiting_lanes());
    assert!(engine.waiting_lanes() > 200);
    in_time(engine.idle()).await;
    assert_eq!(engine.waiting_lanes(), 0);
    assert_eq!(house.vendor.told().len(), 301);
}

#[tokio::test(start_paused = true)]
async fn an_alert_about_too_many_touches_nobody() {
    let people: Vec<Person> = (0..11).map(|number| Person::only_at(&format!("p{number}"), &[AD])).collect();
    let house = House::new().with(&people);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.calls().is_empty());
    let state = house.state(&plan.run).await;
    assert!(state.finish().is_some());
    assert!(state.lanes().iter().all(|lane| lane.left_out().is_some()));
}

/// As many at once as the playbook says, though a call of theirs is under way and they do nothing themselves.
#[tokio::test(start_paused = true)]
async fn no_more_lanes_go_side_by_side_than_the_playbook_allows() {
    let people: Vec<Person> = (0..6).map(|number| Person::only_at(&format!("p{number}"), &[AD])).collect();
    let house = House::new().with(&people);
    house.vendor.script(|call| {
        let seconds = if call.target.ends_with('0') { 13 } else { 10 };
        (!call.key.is_empty()).then_some(Fault::Slow(Duration::from_secs(seconds)))
    });
    let playbook = house.playbook(
        &CUT_OFF.replace("for_each: account\n", "for_each:\n  account:\n    at_most: 6\n    at_once: 2\n"),
    );
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    house.carry_through(&[(plan, playbook)]).await;
    assert_eq!(house.vendor.disabled().len(), 6);
    let calls = house.vendor.writes();
    let during = |one: &Call| {
        calls.iter().filter(|other| other.span.0 <= one.span.0 && one.span.0 < other.span.1).count()
    };
    assert_eq!(calls.iter().map(during).max(), Some(2));
}
