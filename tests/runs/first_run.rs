//! One run from its beginning to its end, with nothing going wrong.

use quell_run::{Finish, LaneEnd, Phase, RunStatus, Start, Verification};
use quell_tests::run::{AD, ENTRA, House, MDE, OKTA, Person, alert_about, device_alert, in_time};

use crate::playbooks::{CAREFUL, CONTAIN};

#[tokio::test(start_paused = true)]
async fn an_account_is_disabled_wherever_it_is() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();

    assert_eq!(engine.start(plan.clone(), playbook.clone()).await.unwrap(), Start::Created);
    in_time(engine.idle()).await;

    for provider in [AD, ENTRA, OKTA] {
        assert!(house.vendor.is_disabled(provider, &alice), "{provider}");
    }
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "{}", house.story(&plan.run).await);
    assert_eq!(state.lanes()[0].end(), Some(LaneEnd::Contained));
    let verified: Vec<_> =
        state.tasks().map(|task| (task.phase, task.fulfilled.as_ref().unwrap().verification)).collect();
    assert_eq!(verified[0], (Phase::Succeeded, Verification::Seen));
    assert_eq!(verified[4], (Phase::Succeeded, Verification::NotReadable));
    assert_eq!(state.summary().status, RunStatus::Finished);

    let calls = house.vendor.calls().len();
    assert_eq!(engine.start(plan, playbook).await.unwrap(), Start::Exists, "delivered again");
    in_time(engine.idle()).await;
    assert_eq!(house.vendor.calls().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn later_steps_read_what_earlier_ones_led_to() {
    let people = [Person::new("alice"), Person::new("sysadmin")];
    let house = House::new().with(&people);
    let playbook = house.playbook(CAREFUL);
    let plan = house.plan(&alert_about("a-1", &[&people[0], &people[1]]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;

    assert!(house.vendor.is_disabled(AD, &people[0]));
    assert!(!house.vendor.is_disabled(AD, &people[1]), "the look-up said: privileged");
    assert_eq!(house.vendor.told().len(), 1, "one privileged account, and nothing failed");
}

#[tokio::test(start_paused = true)]
async fn what_the_alert_does_not_say_a_directory_is_asked() {
    let spared = Person::new("firecall").in_groups(&["Break Glass"]);
    let alice = Person::new("alice");
    let house = House::new().with([&alice, &spared]);
    let playbook = house.playbook(CAREFUL);
    let plan = house.plan(&alert_about("a-1", &[&alice, &spared]), &playbook);
    assert!(plan.lanes.iter().all(|lane| lane.unless_open), "the alert names no groups");
    house.carry_through(&[(plan.clone(), playbook)]).await;

    let state = house.state(&plan.run).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert!(!house.vendor.is_disabled(AD, &spared));
    assert_eq!(state.lanes()[1].end(), Some(LaneEnd::LeftOut));
}

#[tokio::test(start_paused = true)]
async fn a_device_is_isolated() {
    let house = House::new();
    house.vendor.enrol("d1");
    let playbook = house.playbook(
        "language: 1\nplaybook: isolate\ntitle: Isolate\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: medium }\nfor_each: device\nsteps:\n  - do: device.isolate\n",
    );
    let plan = house.plan(&device_alert("a-1", "d1"), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert_eq!(house.vendor.disabled().into_iter().collect::<Vec<_>>(), [format!("{MDE}:d1")]);
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Contained));
}
