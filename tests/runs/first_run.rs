//! One run from its beginning to its end, with nothing going wrong.

use quell_run::{Finish, LaneEnd, Phase, RunStatus, Start, Verification};
use quell_tests::run::{AD, ENTRA, House, OKTA, Person, alert_about};

const CONTAIN: &str = r#"
language: 1
playbook: contain
title: Contain
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: disable
    do: account.disable
  - id: revoke
    do: account.revoke_sessions
always:
  - id: tell
    do: desk.tell
    with:
      text: "{{ alert.title }}: {{ lane.outcome }}"
"#;

#[tokio::test(start_paused = true)]
async fn an_account_is_disabled_wherever_it_is() {
    let alice = Person::new("alice");
    let house = House::new().with(&[alice.clone()]);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();

    assert_eq!(engine.start(plan.clone(), playbook.clone()).await.unwrap(), Start::Created);
    engine.idle().await;

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
    engine.idle().await;
    assert_eq!(house.vendor.calls().len(), calls);
}
