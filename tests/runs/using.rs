//! A step that names a connection goes there and nowhere else: its looks, its calls, its undo, before and after a
//! restart.

use std::collections::BTreeMap;

use quell_action::{Connection, Registry};
use quell_alert::Provider;
use quell_run::{Engine, Finish, Hands};
use quell_tests::run::{AD, ENTRA, House, OKTA, Person, alert_about, in_time};

const ELSEWHERE: &str = "language: 1
playbook: elsewhere
title: Disable at the second of two
mode: act
when: { alert: { all: [{ alert.title: { exists: true } }] } }
for_each: account
steps:
  - do: account.disable
    using: second
";

/// Two houses that offer the same for the same people; the first is preferred.
fn both(first: &House, second: &House) -> Registry {
    let named = |house: &House, name: &str| Connection { name: name.into(), ..house.vendor.connection() };
    let second = Connection { directories: Vec::new(), ..named(second, "second") };
    let preferred: BTreeMap<Provider, String> =
        second.actions.iter().map(|action| (action.info().provider(), "first".to_owned())).collect();
    Registry::preferring(&[named(first, "first"), second], &preferred).unwrap()
}

fn engine(first: &House, second: &House) -> Engine {
    first.engine_with(Hands::acting(both(first, second)))
}

#[tokio::test(start_paused = true)]
async fn it_goes_where_it_is_named_and_is_undone_there() {
    let alice = Person::new("alice");
    let (first, second) = (House::new().with([&alice]), House::new().with([&alice]));
    let playbook = first.playbook(ELSEWHERE);
    let plan = first.plan(&alert_about("a-1", &[&alice]), &playbook);
    let now = engine(&first, &second);
    now.start(plan.clone(), playbook).await.unwrap();
    in_time(now.idle()).await;
    for provider in [AD, ENTRA, OKTA] {
        assert!(second.vendor.is_disabled(provider, &alice), "{provider}");
        assert!(!first.vendor.is_disabled(provider, &alice), "{provider}");
    }
    assert_eq!(first.vendor.writes().len(), 0, "the first was not called at all");

    drop(now);
    let later = engine(&first, &second);
    later.undo(&plan.run, None, "operator").await.unwrap();
    in_time(later.idle()).await;
    for provider in [AD, ENTRA, OKTA] {
        assert!(!second.vendor.is_disabled(provider, &alice), "{provider}");
    }
    assert_eq!(first.vendor.writes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_the_name_is_not_connected_nothing_is_done() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(ELSEWHERE);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert_eq!(house.vendor.writes().len(), 0);
    let state = house.state(&plan.run).await;
    assert_ne!(state.finish(), Some(Finish::Contained));
    let told = format!("{:?}", house.lines(&plan.run).await);
    assert!(told.contains("the connector second does not offer account.disable"), "{told}");
}
