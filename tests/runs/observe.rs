//! Runs that only observe: who would be touched, who is left alone and why; and nothing that could act in reach.

use quell_action::exclusion::Reason;
use quell_playbook::model::Mode;
use quell_run::{Finish, Hands, Phase, Verdict};
use quell_tests::run::{AD, CallKind, ENTRA, Fault, House, OKTA, Person, alert_about, in_time};

use crate::playbooks::{CAREFUL, CONTAIN};

#[tokio::test(start_paused = true)]
async fn says_what_would_happen_to_whom() {
    let (alice, spared) = (Person::new("alice"), Person::new("firecall"));
    let house = House::new().with([&alice, &spared]);
    house.exclude(&[spared.login()]);
    house.vendor.set_disabled(ENTRA, &alice, true);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice, &spared]), &playbook).observing();
    let engine = house.engine_with(Hands::observing(&house.registry()));
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;

    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Observed));
    assert!(state.tasks().all(|task| task.phase == Phase::Planned));
    let verdict = |person: &str, provider: &str| {
        let task = state.tasks().find(|task| {
            task.task.display == person
                && task.task.provider.as_str() == provider
                && task.task.action.as_str() == "account.disable"
        });
        task.and_then(|task| task.verdict.clone()).expect("a verdict")
    };
    assert!(matches!(verdict("alice", AD), Verdict::WouldCall { now: Some(_) }));
    assert!(matches!(verdict("alice", ENTRA), Verdict::AlreadySo { .. }));
    for provider in [AD, ENTRA, OKTA] {
        let Verdict::LeftAlone { excluded } = verdict("firecall", provider) else { panic!("touched") };
        assert!(matches!(excluded.reason, Reason::Listed { .. }));
    }
    assert!(house.vendor.writes().is_empty());
    let counts = state.summary().counts;
    assert_eq!((counts.changed, counts.unchanged, counts.excluded), (5, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_hands_takes_no_plan_that_acts() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    assert_eq!(plan.mode, Mode::Act);
    let engine = house.engine_with(Hands::observing(&house.registry()));
    let refused = engine.start(plan, playbook).await.unwrap_err();
    assert!(refused.to_string().starts_with("this engine only observes"), "{refused}");
    assert_eq!(house.journal.writes(), 0);
}

/// It does not wait for what is away: its answer is what can be said now.
#[tokio::test(start_paused = true)]
async fn waits_for_nobody() {
    let alice = Person::new("alice");
    for playbook in [CONTAIN, CAREFUL] {
        let house = House::new().with([&alice]);
        house.vendor.script(|call| {
            (call.kind == CallKind::LookUp && call.provider == OKTA).then_some(Fault::SilentBefore)
        });
        let playbook = house.playbook(playbook);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook).observing();
        let engine = house.engine_with(Hands::observing(&house.registry()));
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        assert!(house.state(&plan.run).await.finish().is_some());
        let waited = (house.clock_now() - quell_tests::run::dawn()).num_seconds();
        assert!(waited <= 60, "{waited} s: the time limits of the looks, and no retries");
        assert!(house.vendor.writes().is_empty());
    }
}

/// The same alerts, playbooks, exclusions and answers give the same journal, byte for byte.
#[tokio::test(start_paused = true)]
async fn the_same_again_gives_the_same_bytes() {
    let people = [Person::new("alice"), Person::new("bob"), Person::new("sysadmin")];
    let mut seen = Vec::new();
    for _ in 0..3 {
        let house = House::new().with(&people);
        house.exclude(&[people[1].upn()]);
        let playbook = house.playbook(CAREFUL);
        let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook).observing();
        let engine = house.engine_with(Hands::observing(&house.registry()));
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        seen.push(serde_json::to_string(&house.lines(&plan.run).await).unwrap());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}
