//! `once_per`: what a plan claims, and what is left of it where others have that.

use std::sync::Arc;

use quell_alert::{Alert, AlertId, DeviceIdentifier, FileEntity, HashEntity};
use quell_playbook::model::{Playbook, PlaybookName};
use quell_run::{Finish, LeftOut, Origin, Plan, RunId};
use quell_tests::run::{AD, House, Person, alert_about, device_alert};

fn playbook(house: &House, once_per: &str) -> Arc<Playbook> {
    house.playbook(&format!(
        "language: 1\nplaybook: cut-off\ntitle: Cut off\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: low }}\n{once_per}\nfor_each: account\nsteps:\n  - do: account.disable\nalways:\n  - do: desk.tell\n    with: {{ text: told }}\n",
    ))
}

fn called(alert: &Arc<Alert>, id: &str) -> Arc<Alert> {
    Arc::new(Alert { id: AlertId(id.into()), ..Alert::clone(alert) })
}

fn names(house: &House, alert: &Arc<Alert>, playbook: &Playbook) -> Vec<String> {
    house.plan(alert, playbook).claims(playbook).into_iter().map(|claim| claim.name).collect()
}

#[tokio::test(start_paused = true)]
async fn without_it_nothing_is_claimed() {
    let (alice, house) = (Person::new("alice"), House::new());
    assert!(names(&house, &alert_about("a-1", &[&alice]), &playbook(&house, "")).is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_account_is_the_same_in_two_alerts_and_another_is_not() {
    let (alice, bob, house) = (Person::new("alice"), Person::new("bob"), House::new());
    let playbook = playbook(&house, "once_per: { key: [alert.title, account], within: 4h }");
    let both = names(&house, &alert_about("a-1", &[&alice, &bob]), &playbook);
    let again = names(&house, &alert_about("a-2", &[&alice]), &playbook);
    assert_eq!(both.len(), 2);
    assert_eq!(again, both[..1]);
    assert_ne!(both[0], both[1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_claims_nothing() {
    let (alice, house) = (Person::new("alice"), House::new());
    // The alert has no type: it has nothing in common with anything.
    let by_type = playbook(&house, "once_per: { key: [alert.type, account] }");
    let alert = alert_about("a-1", &[&alice]);
    assert_eq!(names(&house, &alert, &by_type).len(), 1);
    let untyped = Arc::new(Alert { alert_type: None, ..Alert::clone(&alert) });
    assert!(names(&house, &untyped, &by_type).is_empty());
    // And a title of nothing but blanks says no more.
    let by_title = playbook(&house, "once_per: { key: [alert.title, account] }");
    let untitled = Arc::new(Alert { title: "  ".into(), ..Alert::clone(&alert) });
    assert!(names(&house, &untitled, &by_title).is_empty());
    // A bare name may be anybody's.
    let by_account = playbook(&house, "once_per: { key: [account] }");
    let mut weak = Alert::clone(&alert);
    weak.entities.accounts[0].identifiers = vec!["name:alice".parse().unwrap()];
    assert!(names(&house, &Arc::new(weak), &by_account).is_empty());
    assert_eq!(names(&house, &alert, &by_account).len(), 1);
}

/// A host name may be another machine's, and a file's name another file's.
#[tokio::test(start_paused = true)]
async fn a_device_or_a_file_with_nothing_but_a_name_claims_nothing() {
    let house = House::new();
    let of = |kind: &str| {
        house.playbook(&format!(
            "language: 1\nplaybook: note-{kind}\ntitle: Note\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: low }}\nonce_per: {{ key: [{kind}] }}\nfor_each: {kind}\nsteps:\n  - do: desk.tell\n    with: {{ text: told }}\n",
        ))
    };
    let devices = of("device");
    let known = device_alert("a-1", "wks-1");
    let mut named = Alert::clone(&known);
    named.entities.devices[0].identifiers = vec![DeviceIdentifier::HostName("wks-1".into())];
    assert_eq!(names(&house, &known, &devices).len(), 1);
    assert!(names(&house, &Arc::new(named), &devices).is_empty());

    let files = of("file");
    let hash = HashEntity { algorithm: "sha256".into(), value: "ab".repeat(32) };
    for (hashes, claims) in [(vec![hash], 1), (Vec::new(), 0)] {
        let mut alert = Alert::clone(&known);
        let file = FileEntity { name: Some("a.exe".into()), directory: None, hashes };
        alert.entities.files = vec![file];
        assert_eq!(names(&house, &Arc::new(alert), &files).len(), claims);
    }
}

/// What one playbook has in hand is not in hand for another one.
#[tokio::test(start_paused = true)]
async fn two_playbooks_have_claims_of_their_own() {
    let (alice, house) = (Person::new("alice"), House::new());
    let one = playbook(&house, "once_per: { key: [account] }");
    let other = Playbook { name: PlaybookName("another".into()), ..Playbook::clone(&one) };
    let alert = alert_about("a-1", &[&alice]);
    assert_ne!(names(&house, &alert, &one), names(&house, &alert, &other));
}

#[tokio::test(start_paused = true)]
async fn a_replay_and_another_product_have_claims_of_their_own() {
    let (alice, house) = (Person::new("alice"), House::new());
    let playbook = playbook(&house, "once_per: { within: 1h }");
    let alert = alert_about("a-1", &[&alice]);
    let mut elsewhere = Alert::clone(&alert);
    elsewhere.product = quell_alert::Product("Okta".into());
    assert_ne!(names(&house, &alert, &playbook), names(&house, &Arc::new(elsewhere), &playbook));
    let replay = Origin::Replay { id: "r".into() };
    let state = quell_playbook::model::AlertState::New;
    let replayed = Plan::new(alert.clone(), &playbook, replay, state, house.clock_now());
    assert_ne!(names(&house, &alert, &playbook), [replayed.claims(&playbook)[0].name.clone()]);
}

#[tokio::test(start_paused = true)]
async fn lanes_that_another_run_has_are_left_to_it_and_the_others_are_taken() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let house = House::new().with([&alice, &bob]);
    let playbook = playbook(&house, "once_per: { key: [account] }");
    let mut plan = house.plan(&alert_about("a-2", &[&alice, &bob]), &playbook);
    let claims = plan.claims(&playbook);
    let other = RunId("earlier".into());
    assert!(plan.leave_to([(&claims[0], &other)]), "bob is left to do");
    assert_eq!(plan.lanes[0].left_out, Some(LeftOut::Attached { run: other.clone() }));
    assert_eq!(plan.claims(&playbook), claims[1..], "only what is taken is claimed");
    house.carry_through(&[(plan.clone(), playbook.clone())]).await;
    assert!(house.vendor.is_disabled(AD, &bob) && !house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.vendor.told().len(), 1, "`always` is for those who are in it");
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Contained));

    let mut all = house.plan(&called(&plan.alert, "a-3"), &playbook);
    let claims = all.claims(&playbook);
    assert!(!all.leave_to(claims.iter().map(|claim| (claim, &other))), "nobody is left");
}

#[tokio::test(start_paused = true)]
async fn a_claim_for_the_whole_run_leaves_all_of_it_to_the_other() {
    let (alice, house) = (Person::new("alice"), House::new());
    let playbook = playbook(&house, "once_per: { key: [alert.title] }");
    let mut plan = house.plan(&alert_about("a-2", &[&alice]), &playbook);
    let claims = plan.claims(&playbook);
    assert_eq!((claims.len(), claims[0].lane), (1, None));
    assert!(!plan.leave_to([(&claims[0], &RunId("earlier".into()))]));
}

/// Text of an alert does not become another key: two values are two, whatever stands in them.
#[tokio::test(start_paused = true)]
async fn what_stands_in_one_value_is_no_part_of_the_next() {
    let (alice, house) = (Person::new("alice"), House::new());
    let playbook = playbook(&house, "once_per: { key: [alert.title, alert.type] }");
    let alert = alert_about("a-1", &[&alice]);
    let of = |title: &str, alert_type: &str| {
        let (title, alert_type) = (title.to_owned(), Some(alert_type.to_owned()));
        names(&house, &Arc::new(Alert { title, alert_type, ..Alert::clone(&alert) }), &playbook)
    };
    assert_ne!(of("a;alert.type;b", "c"), of("a", "b;alert.type;c"));
}

/// Nobody else has anything of it: there is a run, and it says who was left out and why.
#[tokio::test(start_paused = true)]
async fn a_plan_of_which_others_have_nothing_is_a_run_though_it_leaves_everybody_out() {
    let (alice, house) = (Person::new("alice"), House::new());
    let none =
        playbook(&house, "once_per: { key: [account] }\nunless: { any: [ alert.severity: { is: high } ] }");
    let mut plan = house.plan(&alert_about("a-1", &[&alice]), &none);
    assert!(plan.lanes.iter().all(|lane| lane.left_out.is_some()));
    assert!(plan.leave_to([]));
}
