//! What is read is the whole of it, or it is said that it is not known.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{AccountFacts, ActionError, Connection, Failure, LookUp};
use quell_alert::Identifier;

use crate::controller::domain::Domain;
use crate::controller::objects::{group, guid_of, sid, user};
use crate::controller::{Controller, Mood, connect};

async fn look_up(connection: &Connection, name: &str) -> Result<AccountFacts, ActionError> {
    let names = [Identifier::sam("corp", name).unwrap()];
    match connection.directories[0].account(&names).await? {
        LookUp::Found(facts) => Ok(facts),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_is_in_an_administrative_group_is_privileged() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    assert_eq!(look_up(&connection, "alice").await.unwrap().privileged, Some(false));
    controller
        .domain
        .lock()
        .object("Alice")
        .attributes
        .insert("tokengroups".into(), vec![sid(513), sid(512)]);
    assert_eq!(look_up(&connection, "alice").await.unwrap().privileged, Some(true));
}

/// They are asked for a hundred at a time.
#[tokio::test]
async fn however_many_groups_there_are_all_of_them_are_named() {
    let controller = Controller::start(Mood::Answers).await;
    {
        let mut domain = controller.domain.lock();
        domain.objects.extend((0..150).map(|number| group(&format!("Team {number}"), 2000 + number)));
        let token = (2000..2150).map(sid).collect();
        domain.object("Alice").attributes.insert("tokengroups".into(), token);
    }
    let groups = look_up(&controller.connect().await, "alice").await.unwrap().groups.unwrap();
    assert_eq!(groups.iter().filter(|group| group.name.is_some()).count(), 150);
}

/// Some of the groups are never taken for all of them.
#[tokio::test]
async fn groups_that_are_nested_too_deep_are_unknown() {
    let controller = Controller::start(Mood::Answers).await;
    {
        let mut domain = controller.domain.lock();
        for number in 0..60 {
            let mut one = group(&format!("G{number}"), 2000 + number);
            one.set("memberof", &format!("CN=G{},OU=Groups,DC=corp,DC=example", number + 1));
            domain.objects.push(one);
        }
        domain.object("Alice").set("memberof", "CN=G0,OU=Groups,DC=corp,DC=example");
    }
    let facts = look_up(&controller.connect().await, "alice").await.unwrap();
    assert_eq!((facts.groups, facts.privileged), (None, None));
}

/// What is kept of groups is as old as it is, whenever it is told.
#[tokio::test]
async fn facts_are_as_old_as_the_oldest_part_of_them() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    look_up(&connection, "alice").await.unwrap();
    let between = quell_kit::now();
    assert!(look_up(&connection, "alice").await.unwrap().read_at <= between);
}

#[tokio::test]
async fn somebody_who_may_not_be_read_is_not_nobody() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().object("Alice").attributes.remove("objectsid");
    let error = look_up(&controller.connect().await, "alice").await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
}

/// Of one who has two entries the first page shows one: whoever takes it for all has found somebody.
#[tokio::test]
async fn what_comes_in_pages_is_read_to_its_end() {
    let controller = Controller::start(Mood::Pages).await;
    let connection = controller.connect().await;
    look_up(&connection, "alice").await.unwrap();
    controller.domain.lock().objects.push(user("Alice", guid_of("Twin"), 1104));
    let names = [Identifier::sam("corp", "alice").unwrap()];
    let found = connection.directories[0].account(&names).await.unwrap();
    assert!(matches!(found, LookUp::Ambiguous(_)), "{found:?}");
}

#[tokio::test]
async fn what_comes_in_parts_is_read_to_its_end_or_not_at_all() {
    let controller = Controller::start(Mood::Answers).await;
    let dn = |number: u32| format!("CN=Far {number},DC=other,DC=example");
    {
        let mut domain = controller.domain.lock();
        let all = (0..3).map(|number| dn(number).into_bytes()).collect();
        domain.object("Alice").attributes.insert("memberof".into(), all);
        domain.told_until = Some(3);
    }
    let connection = controller.connect().await;
    let groups = look_up(&connection, "alice").await.unwrap().groups.unwrap();
    let last = Identifier::dn(&dn(2)).unwrap();
    assert!(groups.iter().any(|group| group.identifiers.contains(&last)), "{groups:?}");
    // The rest of it is not told any more; or whoever asks for it is not shown the account.
    for (told_until, hides_the_rest) in [(1, false), (3, true)] {
        {
            let mut domain = controller.domain.lock();
            (domain.told_until, domain.hides_the_rest) = (Some(told_until), hides_the_rest);
        }
        let error = look_up(&connection, "alice").await.unwrap_err();
        assert!(error.message.contains("the rest of an attribute"), "{error}");
    }
}

#[tokio::test]
async fn controllers_of_another_domain_are_not_asked() {
    let first = Controller::start(Mood::Answers).await;
    let other = Arc::new(Mutex::new(Domain::new()));
    other.lock().named = Some("DC=other,DC=example");
    let second = Controller::over(Arc::clone(&other), Mood::Answers).await;
    let connection = connect(&[&first.url, &second.url]).await;
    look_up(&connection, "alice").await.unwrap();
    drop(first);
    let error = look_up(&connection, "alice").await.unwrap_err();
    assert!(error.message.contains("belongs to other.example"), "{error}");
    assert_eq!(other.lock().searched, [""; 0]);
}

/// Nobody would be found by `CORP\\name`, and exclusions that are written so would miss.
#[tokio::test]
async fn a_controller_that_does_not_show_the_names_of_its_domain_is_not_asked() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    look_up(&connection, "alice").await.unwrap();
    controller.domain.lock().shows_forest = false;
    look_up(&connection, "alice").await.unwrap();
    // What it has shown holds for an hour.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600)).await;
    tokio::time::resume();
    for connection in [connection, controller.connect().await] {
        let error = look_up(&connection, "alice").await.unwrap_err();
        assert!(error.message.contains("CN=Partitions"), "{error}");
    }
}
