//! The global stop: put on at every position, nothing disruptive begins; taken off, everything is done, once.

use std::time::Duration;

use quell_run::{Engine, Finish, Plan, RunState};
use quell_tests::run::{Fault, House, Person, alert_about, in_time, settle_down};

use crate::playbooks::{CONTAIN, FOR_A_WHILE};

/// A house in which alice is to be contained, and the engine that is at it.
async fn begun(house: &House, alice: &Person) -> (Engine, Plan) {
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    (engine, plan)
}

/// As far as it goes without anybody taking the brake off: an hour is more than any retry waits.
async fn go_on(house: &House) {
    use quell_run::Clock;
    house.clock.sleep(Duration::from_secs(3600)).await;
    settle_down().await;
}

fn disruptive(house: &House) -> usize {
    house.vendor.writes().iter().filter(|call| call.action.starts_with("account.")).count()
}

fn done_once(house: &House, state: &RunState, moment: usize) {
    assert_eq!(state.finish(), Some(Finish::Contained), "call {moment}");
    assert!(house.vendor.changes().values().all(|changes| *changes == 1), "call {moment}");
    assert!(house.vendor.told().values().all(|told| *told == 1), "call {moment}");
}

async fn undisturbed(alice: &Person) -> usize {
    let house = House::new().with([alice]);
    let (engine, _) = begun(&house, alice).await;
    in_time(engine.idle()).await;
    house.vendor.calls().len()
}

#[tokio::test(start_paused = true)]
async fn put_on_at_any_call_it_holds_back_what_is_not_begun_and_taken_off_it_lets_it_go() {
    let alice = Person::new("alice");
    for moment in 0..undisturbed(&alice).await {
        let house = House::new().with([&alice]);
        let brake = house.brake.clone();
        house.vendor.at_each_call(move |call| {
            if call.number == moment {
                brake.set(true);
            }
        });
        let (engine, plan) = begun(&house, &alice).await;
        go_on(&house).await;
        let late = house.vendor.writes();
        // What was on its way to disk when the brake went on is begun: never more than the three accounts at once.
        let late =
            late.iter().filter(|call| call.number > moment && call.action.starts_with("account.")).count();
        assert!(late <= 2, "{late} begun after call {moment}");
        let held = disruptive(&house);
        go_on(&house).await;
        assert_eq!(disruptive(&house), held, "nothing begins while it is on: call {moment}");
        house.vendor.at_each_call(|_| {});
        house.brake.set(false);
        in_time(engine.idle()).await;
        done_once(&house, &house.state(&plan.run).await, moment);
    }
}

#[tokio::test(start_paused = true)]
async fn it_holds_over_a_restart_and_what_waits_is_kept() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.brake.set(true);
    let (engine, plan) = begun(&house, &alice).await;
    go_on(&house).await;
    assert_eq!(disruptive(&house), 0);
    in_time(engine.shut_down(Duration::from_secs(30))).await;
    assert_eq!(engine.active(), 0, "whoever waits for the brake does not keep the engine from stopping");
    let next = house.engine();
    next.recover().await.unwrap();
    go_on(&house).await;
    assert_eq!(disruptive(&house), 0, "still on");
    house.brake.set(false);
    in_time(next.idle()).await;
    done_once(&house, &house.state(&plan.run).await, 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_excluded_while_it_is_on_is_left_alone_and_a_run_can_be_stopped() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.brake.set(true);
    let (engine, plan) = begun(&house, &alice).await;
    go_on(&house).await;
    house.exclude(&[alice.sid()]);
    house.brake.set(false);
    in_time(engine.idle()).await;
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Excluded));
    assert_eq!(disruptive(&house), 0);

    let house = House::new().with([&alice]);
    house.brake.set(true);
    let (engine, plan) = begun(&house, &alice).await;
    go_on(&house).await;
    engine.cancel(&plan.run, "somebody").await.unwrap();
    house.brake.set(false);
    in_time(engine.idle()).await;
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Cancelled));
    assert_eq!(disruptive(&house), 0);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_happened_is_not_called_again_while_it_is_on() {
    let alice = Person::new("alice");
    for moment in 0..undisturbed(&alice).await {
        let house = House::new().with([&alice]);
        let brake = house.brake.clone();
        house.vendor.script(move |call| {
            (call.number == moment).then(|| {
                brake.set(true);
                Fault::SilentBefore
            })
        });
        let (engine, plan) = begun(&house, &alice).await;
        go_on(&house).await;
        let held = disruptive(&house);
        go_on(&house).await;
        assert_eq!(disruptive(&house), held, "call {moment}");
        house.brake.set(false);
        in_time(engine.idle()).await;
        done_once(&house, &house.state(&plan.run).await, moment);
    }
}

#[tokio::test(start_paused = true)]
async fn taking_back_goes_on_while_it_is_on() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(FOR_A_WHILE);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert!(!house.vendor.disabled().is_empty());
    house.brake.set(true);
    engine.undo(&plan.run, None, "somebody").await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.disabled().is_empty());
}
