//! Who is meant: which accounts are tied together, and when nobody is touched.

use quell_alert::Identifier;
use quell_run::{LaneEnd, Phase, StepState};
use quell_tests::run::{AD, CallKind, ENTRA, House, OKTA, Person, account, alert};

use crate::playbooks::CONTAIN;

struct Told {
    disabled: Vec<String>,
    end: Option<LaneEnd>,
    error: Option<String>,
}

async fn contain(house: &House, names: &[Identifier]) -> Told {
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert("a-1", vec![account(names)]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let state = house.state(&plan.run).await;
    assert!(state.tasks().all(|task| task.phase != Phase::Attention));
    let error = state.lanes()[0].steps().find_map(|(_, step)| match step {
        StepState::Failed(error) => Some(error.message.clone()),
        _ => None,
    });
    Told { disabled: house.vendor.disabled().into_iter().collect(), end: state.lanes()[0].end(), error }
}

fn at(providers: &[&str], name: &str) -> Vec<String> {
    providers.iter().map(|provider| format!("{provider}:{name}")).collect()
}

#[tokio::test(start_paused = true)]
async fn certain_ids_lead_from_any_directory_to_the_others() {
    let alice = Person::new("alice");
    for name in [alice.sid(), alice.entra_id(), alice.anchor(), alice.upn(), alice.login()] {
        let house = House::new().with([&alice, &Person::new("bob")]);
        let told = contain(&house, std::slice::from_ref(&name)).await;
        assert_eq!(told.disabled, at(&[AD, ENTRA, OKTA], "alice"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn weak_names_lead_to_nobody() {
    let alice = Person::new("alice");
    let weak = [Identifier::Mail("alice@contoso.example".into()), Identifier::Name("alice".into())];
    let house = House::new().with([&alice]);
    let told = contain(&house, &weak).await;
    assert!(told.disabled.is_empty());
    assert_eq!(told.end, Some(LaneEnd::NothingToDo));
    assert!(house.vendor.calls().iter().all(|call| call.kind != CallKind::LookUp), "nobody was even asked");
}

/// The SID of somebody who is gone; the name belongs to somebody else by now.
#[tokio::test(start_paused = true)]
async fn an_id_that_finds_nobody_is_not_replaced_by_a_name() {
    let gone = Person::new("gone");
    let mut successor = Person::new("alice");
    successor.at = vec![AD];
    let house = House::new().with([&successor]);
    let told = contain(&house, &[gone.sid(), successor.upn()]).await;
    assert!(told.disabled.is_empty());
}

/// In Entra the name belongs to another person than the alert's id says.
#[tokio::test(start_paused = true)]
async fn an_id_and_a_name_that_disagree_touch_nobody() {
    let (alice, bob) = (Person::only_at("alice", &[AD]), Person::only_at("bob", &[ENTRA]));
    let house = House::new().with([&alice, &bob]);
    // An Active Directory account by its SID, and the Entra id of somebody else.
    let told = contain(&house, &[alice.sid(), bob.entra_id()]).await;
    assert!(told.disabled.is_empty(), "{:?}", told.disabled);
}

/// The same name in two directories that nothing ties together: two people, perhaps.
#[tokio::test(start_paused = true)]
async fn equal_names_tie_nobody_together_unless_the_site_says_so() {
    let here = Person::only_at("alice", &[AD]);
    let there = Person { name: "alice".into(), ..Person::only_at("alice", &[OKTA]) };
    let stranger = |link_by_upn| {
        let mut house = House::new().with([&here]);
        house.vendor.hire_stranger(there.clone());
        house.settings.link_by_upn = link_by_upn;
        house
    };
    let both = [here.upn(), there.login()];

    let told = contain(&stranger(false), &both).await;
    assert!(told.disabled.is_empty());
    assert!(told.error.is_some_and(|why| why.contains("link_by_upn")));

    let told = contain(&stranger(true), &both).await;
    assert_eq!(told.disabled, at(&[AD, OKTA], "alice"));

    // With an id in the alert it is clear who is meant: the one in Active Directory, and nobody else.
    let told = contain(&stranger(false), &[here.sid(), here.upn(), there.login()]).await;
    assert_eq!(told.disabled, at(&[AD], "alice"));
}

/// Each was copied from another account: whatever the site says of equal names, these are two people.
#[tokio::test(start_paused = true)]
async fn equal_names_tie_nobody_together_whom_lasting_ids_keep_apart() {
    let here = Person::only_at("alice", &[AD]);
    let contain_both = async |copied_from: Identifier| {
        let mut house = House::new().with([&here]);
        house.vendor.hire_namesake(Person::only_at("alice", &[OKTA]), copied_from);
        house.settings.link_by_upn = true;
        contain(&house, &[here.upn(), here.login()]).await.disabled
    };
    let another = Identifier::Sid("S-1-5-21-1-2-3-77".into());
    assert!(contain_both(another).await.is_empty());
    assert_eq!(contain_both(Identifier::ImmutableId("12345".into())).await, at(&[AD, OKTA], "alice"));
}

/// Whoever only shares the name is not touched; but if *they* are excluded, the one who is meant is left alone too.
#[tokio::test(start_paused = true)]
async fn a_namesake_on_the_list_protects() {
    let here = Person::only_at("alice", &[AD]);
    let mut house = House::new().with([&here]);
    let namesake = Person::only_at("alice", &[OKTA]);
    house.vendor.hire_stranger(namesake);
    house.settings.link_by_upn = false;
    house.exclude(&[Identifier::ImmutableId("stranger-alice".into())]);
    let told = contain(&house, &[here.sid(), here.upn(), here.login()]).await;
    assert!(told.disabled.is_empty());
    assert_eq!(told.end, Some(LaneEnd::Excluded));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_two_people_have_touches_nobody() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice, &alice]);
    let told = contain(&house, &[alice.upn()]).await;
    assert!(told.disabled.is_empty());
    assert_eq!(told.end, Some(LaneEnd::Failed));
    assert!(told.error.is_some());
}
