//! One person, many accounts: in which order they are acted on, what the record says of them, and how old that may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use quell_action::{Failure, Target};
use quell_alert::Provider;
use quell_playbook::model::Playbook;
use quell_run::{Entry, Meant, Phase, Plan};
use quell_tests::run::{
    AD, Call, CallKind, ENTRA, Fault, House, OKTA, Person, account, alert, alert_about, in_time,
};

use crate::playbooks::{CONTAIN, CUT_OFF};

fn house(people: &[&Person]) -> (House, Arc<Playbook>) {
    let house = House::new().with(people.iter().copied());
    let playbook = house.playbook(CONTAIN);
    (house, playbook)
}

async fn contain(house: &House, playbook: &Arc<Playbook>, id: &str, person: &Person) -> Plan {
    let plan = house.plan(&alert_about(id, &[person]), playbook);
    house.carry_through(&[(plan.clone(), Arc::clone(playbook))]).await;
    plan
}

async fn meant(house: &House, plan: &Plan, step: &str) -> (chrono::DateTime<chrono::Utc>, Meant) {
    let lines = house.lines(&plan.run).await;
    let of_step = lines.into_iter().find_map(|line| match line.entry {
        Entry::Expanded { step: known, meant: Some(meant), .. } if known.0 == step => Some((line.at, *meant)),
        _ => None,
    });
    of_step.unwrap_or_else(|| panic!("whom the directories meant in {step} is on record"))
}

fn disabling<'a>(calls: &'a [Call], provider: &str) -> Vec<&'a Call> {
    let is_it = |call: &&Call| call.action == "account.disable" && call.provider == provider;
    calls.iter().filter(is_it).collect()
}

/// Everything that is done at Active Directory, reading back included, is over before anything is written elsewhere.
#[tokio::test(start_paused = true)]
async fn active_directory_goes_first() {
    let alice = Person::new("alice");
    let (house, playbook) = house(&[&alice]);
    house.vendor.script(|call| {
        let writes = call.kind == CallKind::Execute && call.action == "account.disable";
        writes.then_some(Fault::Slow(Duration::from_secs(9)))
    });
    contain(&house, &playbook, "a-1", &alice).await;
    let calls = house.vendor.calls();
    let over = disabling(&calls, AD).iter().map(|call| call.span.1).max().unwrap();
    for provider in [ENTRA, OKTA] {
        let begun = disabling(&calls, provider).iter().map(|call| call.span.0).min().unwrap();
        assert!(over < begun, "{provider} was begun at {begun}, Active Directory was over at {over}");
    }
    // And those two wait for nobody.
    let span = |provider| {
        let mut all = disabling(&calls, provider).into_iter();
        all.find(|call| call.kind == CallKind::Execute).map(|call| call.span).unwrap()
    };
    assert!(span(ENTRA).0 < span(OKTA).1 && span(OKTA).0 < span(ENTRA).1);
}

/// A domain controller that does not answer holds nobody up: after its first attempt the others follow.
#[tokio::test(start_paused = true)]
async fn a_domain_controller_that_is_away_holds_nobody_up() {
    let alice = Person::new("alice");
    for fault in [
        Fault::Fails(Failure::Unavailable { retry_after: Some(Duration::from_secs(600)) }),
        Fault::UncertainAfter,
        Fault::Fails(Failure::Forbidden),
    ] {
        let (house, playbook) = house(&[&alice]);
        let told = fault.clone();
        house.vendor.script(move |call| {
            (call.kind == CallKind::Execute && call.provider == AD).then(|| told.clone())
        });
        contain(&house, &playbook, "a-1", &alice).await;
        let calls = house.vendor.calls();
        let writes = |provider| {
            let all = disabling(&calls, provider).into_iter().filter(|call| call.kind == CallKind::Execute);
            all.map(|call| call.span).collect::<Vec<_>>()
        };
        let at_ad = writes(AD);
        for provider in [ENTRA, OKTA] {
            assert!(house.vendor.is_disabled(provider, &alice), "{fault:?}");
            let begun = writes(provider)[0].0;
            assert!(at_ad[0].1 < begun, "{fault:?}");
            assert!(at_ad.get(1).is_none_or(|again| begun < again.0), "{fault:?}: {provider} waited");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_says_who_was_meant_and_where_nobody_is() {
    let alice = Person::only_at("alice", &[OKTA, AD]).in_groups(&["Staff", "Admins"]);
    let (house, playbook) = house(&[&alice]);
    let plan = contain(&house, &playbook, "a-1", &alice).await;
    let (at, meant) = meant(&house, &plan, "disable").await;
    let providers: Vec<&Provider> = meant.found.iter().filter_map(|one| one.target.provider()).collect();
    assert_eq!(
        providers,
        [&Provider::from(AD), &Provider::from(OKTA)],
        "in the order in which they are acted on"
    );
    assert!(meant.found.iter().all(|one| one.groups == Some(2) && one.privileged == Some(true)));
    assert!(meant.found.iter().all(|one| one.enabled == Some(true)));
    assert_eq!(meant.none_at, [Provider::from(ENTRA)]);
    assert_eq!(meant.read_at, at, "nothing was remembered, and virtual time stands still");

    // Nobody is left for a step that nobody offers there, and the record says who was meant all the same.
    let bob = Person::only_at("bob", &[OKTA]);
    house.vendor.hire(bob.clone());
    let cut_off = house.playbook(CUT_OFF);
    let plan = house.plan(&alert("a-2", vec![account(&[bob.login()])]), &cut_off);
    house.carry_through(&[(plan.clone(), cut_off)]).await;
    let (_, meant) = self::meant(&house, &plan, "disable").await;
    assert!(matches!(&meant.found[0].target, Target::Account(key) if key.provider.as_str() == OKTA));
    assert_eq!(meant.none_at.len(), 2);
}

/// What was said a moment ago finds out what a step is about; whoever is cleared is asked about anew.
#[tokio::test(start_paused = true)]
async fn what_is_remembered_has_an_age_and_clears_nobody() {
    let alice = Person::new("alice");
    let (mut house, _) = house(&[&alice]);
    house.settings.remember_for = Duration::from_secs(60);
    let playbook = house.playbook(&format!(
        "{}  - id: first\n    wait: {{ for: 30s }}\n  - id: sessions\n    do: account.revoke_sessions\n  - id: second\n    wait: {{ for: 40s }}\n  - id: again\n    do: directory.get_user\n",
        CUT_OFF.replace("playbook: cut-off", "playbook: slowly").replace("id: disable\n    do: account.disable\n    at: [active_directory]", "id: look\n    do: directory.get_user")
    ));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    // A run that only waits is not in memory.
    tokio::time::sleep(Duration::from_secs(120)).await;
    in_time(engine.idle()).await;
    let age = async |step: &str| {
        let (at, meant) = meant(&house, &plan, step).await;
        (at - meant.read_at).num_seconds()
    };
    assert_eq!(age("look").await, 0);
    assert_eq!(age("sessions").await, 30, "remembered");
    assert_eq!(
        age("again").await,
        0,
        "ending the sessions has changed them: what was said before is forgotten"
    );

    let calls = house.vendor.calls();
    let ended = calls.iter().find(|call| call.action == "account.revoke_sessions").unwrap();
    let asked_before = calls[..ended.number].iter().rev().take_while(|call| call.kind == CallKind::LookUp);
    assert!(asked_before.count() >= 3, "every directory was asked once more before the call");
}

/// What we have changed ourselves is not remembered as it was.
#[tokio::test(start_paused = true)]
async fn a_change_of_ours_is_remembered_by_nobody_as_it_was() {
    let alice = Person::new("alice");
    let (mut house, _) = house(&[&alice]);
    // Nothing is asked after the one call that it makes.
    let playbook = house.playbook(CUT_OFF);
    house.settings.remember_for = Duration::from_secs(3600);
    let (first, second) = (
        house.plan(&alert_about("a-1", &[&alice]), &playbook),
        house.plan(&alert_about("a-2", &[&alice]), &playbook),
    );
    let engine = house.engine();
    for plan in [&first, &second] {
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
        in_time(engine.idle()).await;
    }
    let (_, before) = meant(&house, &first, "disable").await;
    let (_, after) = meant(&house, &second, "disable").await;
    assert_eq!((before.found[0].enabled, after.found[0].enabled), (Some(true), Some(false)));
}

/// Nor is what we have given back.
#[tokio::test(start_paused = true)]
async fn what_we_have_given_back_is_remembered_by_nobody_as_it_was() {
    let alice = Person::new("alice");
    let (mut house, _) = house(&[&alice]);
    let playbook = house.playbook(CUT_OFF);
    house.settings.remember_for = Duration::from_secs(3600);
    let plans = ["a-1", "a-2", "a-3"].map(|id| house.plan(&alert_about(id, &[&alice]), &playbook));
    let engine = house.engine();
    for plan in &plans[..2] {
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
        in_time(engine.idle()).await;
    }
    for plan in &plans[..2] {
        engine.undo(&plan.run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
    }
    engine.start(plans[2].clone(), Arc::clone(&playbook)).await.unwrap();
    in_time(engine.idle()).await;
    let mut seen = Vec::new();
    for plan in &plans {
        seen.push(meant(&house, plan, "disable").await.1.found[0].enabled);
    }
    assert_eq!(seen, [Some(true), Some(false), Some(true)]);
}

/// Enabled elsewhere first, an account would be disabled again by the synchronisation from Active Directory.
#[tokio::test(start_paused = true)]
async fn active_directory_is_given_back_first() {
    let alice = Person::new("alice");
    let (house, playbook) = house(&[&alice]);
    let plan = contain(&house, &playbook, "a-1", &alice).await;
    house.vendor.script(|call| {
        (call.kind == CallKind::Restore && call.provider == AD).then_some(Fault::Slow(Duration::from_secs(9)))
    });
    let since = house.vendor.calls().len();
    let engine = house.engine();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let calls = house.vendor.calls().split_off(since);
    let over = disabling(&calls, AD).iter().map(|call| call.span.1).max().unwrap();
    for provider in [ENTRA, OKTA] {
        let begun = disabling(&calls, provider).iter().map(|call| call.span.0).min().unwrap();
        assert!(over < begun, "{provider} was begun at {begun}, Active Directory was over at {over}");
        assert!(!house.vendor.is_disabled(provider, &alice));
    }
}

/// A domain controller that is away keeps nobody from getting the other accounts back, and is not forgotten.
#[tokio::test(start_paused = true)]
async fn an_undo_at_a_domain_controller_that_is_away_holds_nobody_up() {
    let alice = Person::new("alice");
    for fault in [
        Fault::Fails(Failure::Unavailable { retry_after: Some(Duration::from_secs(600)) }),
        Fault::UncertainAfter,
        Fault::Fails(Failure::Forbidden),
    ] {
        let (house, playbook) = house(&[&alice]);
        let plan = contain(&house, &playbook, "a-1", &alice).await;
        let (told, away) = (fault.clone(), Arc::new(AtomicBool::new(true)));
        let is_away = Arc::clone(&away);
        house.vendor.script(move |call| {
            let fails = call.kind == CallKind::Restore && call.provider == AD && is_away.swap(false, SeqCst);
            fails.then(|| told.clone())
        });
        let since = house.vendor.calls().len();
        let engine = house.engine();
        engine.undo(&plan.run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
        // A run that only waits is not in memory.
        tokio::time::sleep(Duration::from_secs(1200)).await;
        in_time(engine.idle()).await;
        let calls = house.vendor.calls().split_off(since);
        let given_back = |provider| {
            let all = disabling(&calls, provider).into_iter().filter(|call| call.kind == CallKind::Restore);
            all.map(|call| call.span).collect::<Vec<_>>()
        };
        let at_ad = given_back(AD);
        for provider in [ENTRA, OKTA] {
            assert!(!house.vendor.is_disabled(provider, &alice), "{fault:?}");
            let begun = given_back(provider)[0].0;
            assert!(at_ad[0].1 < begun, "{fault:?}: {provider} did not wait");
            assert!(
                at_ad.get(1).is_none_or(|again| begun < again.0),
                "{fault:?}: {provider} waited for too long"
            );
        }
        let is_stuck = fault == Fault::Fails(Failure::Forbidden);
        assert_eq!(house.vendor.is_disabled(AD, &alice), is_stuck, "{fault:?}");
    }
}

/// What later steps did is undone before what earlier ones did, at Active Directory too.
#[tokio::test(start_paused = true)]
async fn between_steps_the_latest_is_undone_first() {
    let alice = Person::new("alice");
    let (house, _) = house(&[&alice]);
    let playbook = house.playbook(&CONTAIN.replace(
        "do: account.disable\n",
        "do: account.disable\n    at: [active_directory]\n  - id: there_too\n    do: account.disable\n    at: [entra_id]\n",
    ));
    let plan = contain(&house, &playbook, "a-1", &alice).await;
    let since = house.vendor.calls().len();
    let engine = house.engine();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let calls = house.vendor.calls().split_off(since);
    let order: Vec<&str> = calls
        .iter()
        .filter(|call| call.kind == CallKind::Restore && call.action == "account.disable")
        .map(|call| call.provider.as_str())
        .collect();
    assert_eq!(order, [ENTRA, AD]);
}

/// A person's accounts are taken back one by one, and each says what became of it.
#[tokio::test(start_paused = true)]
async fn every_account_is_taken_back() {
    let alice = Person::new("alice");
    let (house, playbook) = house(&[&alice]);
    house.vendor.set_disabled(OKTA, &alice, true);
    let plan = contain(&house, &playbook, "a-1", &alice).await;
    let engine = house.engine();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let state = house.state(&plan.run).await;
    let phase = |provider: &str| {
        let of = state.tasks().find(|task| task.task.reversible && task.task.provider.as_str() == provider);
        of.map(|task| task.phase).unwrap()
    };
    assert_eq!((phase(AD), phase(ENTRA), phase(OKTA)), (Phase::Undone, Phase::Undone, Phase::Released));
    assert!(house.vendor.is_disabled(OKTA, &alice), "it was so before us");
    assert!(!house.vendor.is_disabled(AD, &alice) && !house.vendor.is_disabled(ENTRA, &alice));
}
