//! Who is meant by a name: Okta is generous, and the connector is not.

use std::time::Duration;

use quell_action::{AccountFacts, Directory, Failure, LookUp, Protected};
use quell_alert::Identifier;
use quell_kit::conformance::Vendor;
use quell_kit::scripted::Reply;
use serde_json::{Value, json};

use crate::bench::OktaBench;
use crate::world::{group_id, refusal, user_id};

async fn found(bench: &OktaBench, identifiers: &[Identifier]) -> LookUp<AccountFacts> {
    let connection = bench.connection(json!({})).await;
    let directory: &dyn Directory = &*connection.directories[0];
    let found = directory.account(identifiers).await.unwrap();
    assert_eq!(*bench.organisation.faults.lock(), [""; 0]);
    found
}

fn login(text: &str) -> Identifier {
    Identifier::login(text).unwrap()
}

fn id(name: &str) -> Identifier {
    Identifier::okta_id(&user_id(name)).unwrap()
}

#[tokio::test]
async fn somebody_is_found_by_every_strong_name_and_described_whole() {
    let bench = OktaBench::start("").await;
    let anchor = Identifier::immutable_id("EJ1aJpQDR0SnJqXG9itKpQ==").unwrap();
    let upn = Identifier::upn("alice@corp.example").unwrap();
    for names in [
        vec![id("alice")],
        vec![login("ALICE@corp.example")],
        vec![upn],
        vec![anchor.clone()],
        vec![id("alice"), login("alice@corp.example"), anchor.clone()],
        vec![Identifier::mail("someone@else.example").unwrap(), id("alice")],
    ] {
        let LookUp::Found(facts) = found(&bench, &names).await else { panic!("{names:?} finds nobody") };
        assert_eq!(facts.key.id, user_id("alice"));
        assert_eq!(facts.key.realm, "corp.okta.example");
        for identifier in [id("alice"), login("alice@corp.example"), anchor.clone()] {
            assert!(facts.identifiers.contains(&identifier), "{identifier}");
        }
        assert_eq!((facts.privileged, facts.enabled, facts.protected), (Some(false), Some(true), None));
        let groups = facts.groups.unwrap();
        assert_eq!(groups[0].identifiers, [Identifier::OktaId(group_id("everyone"))]);
        assert_eq!(groups[0].name.as_deref(), Some("Everyone"));
    }
}

#[tokio::test]
async fn near_names_find_nobody_or_are_ambiguous() {
    let bench = OktaBench::start("").await;
    bench.organisation.world.lock().people.get_mut(&user_id("bob")).unwrap().login =
        "rene@corp.example".into();
    assert!(matches!(found(&bench, &[login("alice")]).await, LookUp::Ambiguous(_)), "a short name");
    assert!(matches!(found(&bench, &[login("rené@corp.example")]).await, LookUp::Ambiguous(_)), "accents");
    assert!(matches!(found(&bench, &[id("alice"), login("rene@corp.example")]).await, LookUp::Ambiguous(_)));
    for nobody in [
        vec![login("me")],
        vec![login("ME")],
        vec![login(".")],
        vec![login("..")],
        vec![login("nobody@corp.example")],
        vec![Identifier::mail("alice@corp.example").unwrap()],
        vec![Identifier::bare_name("alice").unwrap()],
        vec![id("nobody")],
        vec![Identifier::OktaId("me".into())],
        // An id that finds nobody is not replaced by a name.
        vec![id("nobody"), login("alice@corp.example")],
        vec![id("alice"), login("nobody@corp.example")],
        vec![Identifier::immutable_id("unknown").unwrap()],
        vec![],
    ] {
        assert_eq!(found(&bench, &nobody).await, LookUp::NotFound, "{nobody:?}");
    }
}

#[tokio::test]
async fn logins_that_no_path_can_hold_are_searched_for() {
    let bench = OktaBench::start("").await;
    for odd in ["corp/bob?x", "bob#1", "100%", r"corp\bob", &user_id("alice")] {
        bench.organisation.world.lock().people.get_mut(&user_id("bob")).unwrap().login = odd.to_owned();
        let LookUp::Found(facts) = found(&bench, &[login(odd)]).await else { panic!("{odd} finds nobody") };
        assert_eq!(facts.key.id, user_id("bob"), "{odd}");
    }
    bench.organisation.world.lock().people.get_mut(&user_id("root")).unwrap().login = "corp/bob".into();
    bench.organisation.world.lock().people.get_mut(&user_id("bob")).unwrap().login = "corp/bob".into();
    assert!(matches!(found(&bench, &[login("corp/bob")]).await, LookUp::Ambiguous(_)));
}

#[tokio::test]
async fn whoever_a_search_finds_under_another_login_is_not_taken() {
    let bench = OktaBench::start("").await;
    let root = bench.organisation.world.lock().user(&user_id("root"));
    *bench.organisation.instead.lock() = vec![Reply::json(200, &json!([root]))];
    assert_eq!(found(&bench, &[login("corp/bob?x")]).await, LookUp::NotFound);
}

#[tokio::test]
async fn a_list_of_anchors_is_asked_about_again_before_it_is_believed_and_is_not_kept_for_ever() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let (old, new) = ("EJ1aJpQDR0SnJqXG9itKpQ==", "QmFja0luQWdhaW5XaXRoTg==");
    let look = async |anchor: &str| {
        let anchor = Identifier::immutable_id(anchor).unwrap();
        connection.directories[0].account(&[anchor]).await.unwrap()
    };
    assert!(matches!(look(old).await, LookUp::Found(_)));
    bench.organisation.world.lock().people.get_mut(&user_id("alice")).unwrap().anchor = Some(new.into());
    assert_eq!(look(old).await, LookUp::NotFound);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    assert!(matches!(look(new).await, LookUp::Found(_)));
}

#[tokio::test]
async fn an_anchor_that_is_told_of_somebody_else_is_nobodys() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let known = |name: &str| json!({ "id": user_id(name), "externalId": "EJ1aJpQDR0SnJqXG9itKpQ==", "scope": "USER" });
    let (listed, asked) = (Reply::json(200, &json!([known("bob")])), Reply::json(200, &known("alice")));
    *bench.organisation.instead.lock() = vec![listed, asked];
    let anchor = Identifier::immutable_id("EJ1aJpQDR0SnJqXG9itKpQ==").unwrap();
    let error = connection.directories[0].account(std::slice::from_ref(&anchor)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Ambiguous, "{error}");
    // And one that cannot be asked for is not one that is not there.
    *bench.organisation.instead.lock() = vec![refusal(403, "E0000006", "no right")];
    let error = connection.directories[0].account(&[anchor]).await.unwrap_err();
    assert_eq!(error.failure, Failure::Forbidden, "{error}");
}

#[tokio::test]
async fn a_page_that_is_not_there_says_nothing_of_the_user() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    for answer in [Reply::status(404), Reply::json(404, &json!({ "errorCode": "no code of theirs" }))] {
        *bench.organisation.instead.lock() = vec![answer];
        let error = connection.directories[0].account(&[id("alice")]).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{error}");
        assert!(!format!("{error:?}").contains("no code of theirs"), "{error:?}");
    }
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let bench = OktaBench::start("").await;
    {
        let mut world = bench.organisation.world.lock();
        world.page = 1;
        world.people.get_mut(&user_id("bob")).unwrap().anchor = Some("Bob==".into());
        let alice = world.people.get_mut(&user_id("alice")).unwrap();
        alice.groups.extend(["quarantine", "fromad"].map(group_id));
    }
    let LookUp::Found(facts) = found(&bench, &[id("alice")]).await else { panic!() };
    assert_eq!(facts.groups.unwrap().len(), 3);
    let bob = Identifier::immutable_id("Bob==").unwrap();
    let LookUp::Found(facts) = found(&bench, &[bob]).await else { panic!() };
    assert_eq!(facts.key.id, user_id("bob"));
}

fn listed(items: &Value, next: Option<&str>) -> Reply {
    let reply = Reply::json(200, items);
    match next {
        Some(next) => reply.with_header("link", &format!("<{next}>; rel=\"next\"")),
        None => reply,
    }
}

#[tokio::test]
async fn a_list_ends_where_no_next_page_is_named_and_not_at_an_empty_page() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let world = bench.organisation.world.lock().clone();
    let next = format!("{}/api/v1/users/x/groups?after=1", bench.organisation.server.url());
    *bench.organisation.instead.lock() = vec![
        Reply::json(200, &world.user(&user_id("alice"))),
        listed(&json!([]), Some(&next)),
        listed(&json!([world.group(&group_id("admins"))]), None),
    ];
    let LookUp::Found(facts) = connection.directories[0].account(&[id("alice")]).await.unwrap() else {
        panic!()
    };
    assert_eq!(facts.groups.unwrap()[0].name.as_deref(), Some("Okta admins"));
}

#[tokio::test]
async fn groups_and_roles_that_cannot_be_read_to_their_end_are_unknown_and_not_none() {
    let bench = OktaBench::start("").await;
    let connection = bench.connection(json!({})).await;
    let world = bench.organisation.world.lock().clone();
    let alice = || Reply::json(200, &world.user(&user_id("alice")));
    let groups = |next| listed(&json!([world.group(&group_id("everyone"))]), next);
    let next = format!("{}/api/v1/users/x/groups?after=1", bench.organisation.server.url());
    for (answers, known) in [
        (vec![alice(), refusal(403, "E0000006", "no right")], (false, Some(false))),
        (vec![alice(), Reply::status(500)], (false, Some(false))),
        (vec![alice(), groups(Some(&next)), Reply::status(502)], (false, Some(false))),
        (vec![alice(), groups(Some(&next)), Reply::status(404)], (false, Some(false))),
        (vec![alice(), groups(Some("https://elsewhere.example/groups"))], (false, Some(false))),
        (vec![alice(), groups(None), refusal(403, "E0000006", "no right")], (true, None)),
        (vec![alice(), groups(None), Reply::json(200, &json!({ "none": 1 }))], (true, None)),
    ] {
        *bench.organisation.instead.lock() = answers;
        let LookUp::Found(facts) = connection.directories[0].account(&[id("alice")]).await.unwrap() else {
            panic!()
        };
        assert_eq!((facts.groups.is_some(), facts.privileged), known, "{facts:?}");
        assert_eq!(bench.organisation.instead.lock().len(), 0);
    }
}

#[tokio::test]
async fn administrators_and_ourselves_are_known() {
    let bench = OktaBench::start("").await;
    let LookUp::Found(root) = found(&bench, &[id("root")]).await else { panic!() };
    assert_eq!((root.privileged, root.protected), (Some(true), None));
    let LookUp::Found(own) = found(&bench, &[id("quell")]).await else { panic!() };
    assert_eq!(own.protected, Some(Protected::OwnAccount));
}

#[tokio::test]
async fn a_directory_that_cannot_be_asked_says_so() {
    let bench = OktaBench::start("").await;
    for vendor in [Vendor::Forbids, Vendor::RefusesCredentials, Vendor::Throttles(None)] {
        *bench.organisation.behaviour.lock() = vendor;
        let connection = bench.connection(json!({})).await;
        for name in [id("alice"), login("alice@corp.example")] {
            assert!(connection.directories[0].account(&[name]).await.is_err(), "{vendor:?}");
        }
    }
}

#[tokio::test]
async fn a_probe_says_whose_token_it_is_and_what_it_may_do() {
    let bench = OktaBench::start("").await;
    let report = bench.connection(json!({})).await.probe.probe().await;
    assert_eq!(report.system.as_deref(), Some("corp.okta.example as quell@corp.example"));
    assert_eq!(report.problems, [""; 0]);
    let allowed = |action: &str| report.grants.iter().find(|grant| grant.action == action).unwrap().allowed;
    assert_eq!((allowed("account.disable"), allowed("account.set_risk")), (Some(true), Some(false)));
    *bench.organisation.behaviour.lock() = Vendor::RefusesCredentials;
    let report = bench.connection(json!({})).await.probe.probe().await;
    assert_eq!((report.system, report.problems.is_empty()), (None, false));
    assert!(report.grants.iter().all(|grant| grant.allowed.is_none()));
    let asked = bench.organisation.server.seen();
    assert!(asked.iter().all(|seen| !seen.path.ends_with('/')), "nobody is asked about without an id");
}
