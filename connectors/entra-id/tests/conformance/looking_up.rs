//! Who is meant by which names, and what is known of them.

use quell_action::{AccountFacts, ActionError, Failure, LookUp};
use quell_alert::{Hint, Identifier};
use serde_json::json;

use crate::vendor::{ALICE, QUARANTINE, Tenant};

const CLOUD_SID: &str = "S-1-12-1-1943430372-1249052806-2496021943-3034400218";

async fn synchronised() -> Tenant {
    let tenant = Tenant::start().await;
    let own = json!({
        "onPremisesSyncEnabled": true,
        "onPremisesSamAccountName": "alice",
        "onPremisesDomainName": "corp.contoso.example",
        "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104",
        "onPremisesImmutableId": "EJ1aJpQDR0SnJqXG9itKpQ==",
    });
    for (name, value) in own.as_object().unwrap() {
        tenant.world.lock().alice()[name] = value.clone();
    }
    tenant
}

async fn look_up(tenant: &Tenant, names: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
    let connection = tenant.with(json!({})).await;
    let found = connection.directories[0].account(names).await;
    assert_eq!(tenant.cloud.contract().violations(), [] as [&str; 0]);
    found
}

async fn facts(tenant: &Tenant) -> AccountFacts {
    match look_up(tenant, &[Identifier::EntraId(ALICE.into())]).await.unwrap() {
        LookUp::Found(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn name(text: &str) -> Identifier {
    Identifier::recognise(text, Hint::Any).unwrap()
}

#[tokio::test]
async fn every_strong_name_leads_to_the_same_account() {
    let tenant = synchronised().await;
    let names = [
        Identifier::EntraId(ALICE.into()),
        Identifier::ImmutableId("EJ1aJpQDR0SnJqXG9itKpQ==".into()),
        name("ALICE@contoso.example"),
        name("S-1-5-21-1-2-3-1104"),
        name(CLOUD_SID),
        name("CORP\\Alice"),
        name("corp.contoso.example\\alice"),
    ];
    for one in &names {
        let LookUp::Found(facts) = look_up(&tenant, std::slice::from_ref(one)).await.unwrap() else {
            panic!("{one} finds nobody");
        };
        assert_eq!(
            (facts.key.id.as_str(), facts.enabled, facts.privileged),
            (ALICE, Some(true), Some(false))
        );
    }
    assert!(matches!(look_up(&tenant, &names).await.unwrap(), LookUp::Found(_)), "all of them together");
}

#[tokio::test]
async fn nobody_is_found_by_half_of_the_names_or_by_weak_ones() {
    let tenant = synchronised().await;
    for names in [
        vec![
            Identifier::EntraId("00000000-0000-0000-0000-00000000dead".into()),
            name("alice@contoso.example"),
        ],
        vec![name("S-1-5-21-1-2-3-9999"), name("alice@contoso.example")],
        vec![Identifier::mail("a@x.example").unwrap()],
        vec![Identifier::bare_name("alice").unwrap()],
        vec![name("OTHER\\alice")],
        vec![name("other.example\\alice")],
        vec![name("S-1-5-18")],
        // Case matters in a source anchor, though the index does not mind.
        vec![Identifier::ImmutableId("ej1aJpQDR0SnJqXG9itKpQ==".into())],
        vec![],
    ] {
        assert!(matches!(look_up(&tenant, &names).await.unwrap(), LookUp::NotFound), "{names:?}");
    }
}

#[tokio::test]
async fn names_of_different_people_are_ambiguous() {
    let tenant = synchronised().await;
    let names = [Identifier::EntraId(ALICE.into()), name("boss@contoso.example")];
    assert!(matches!(look_up(&tenant, &names).await.unwrap(), LookUp::Ambiguous(_)));
    // A name that was given to somebody else in the same domain.
    let twin = json!({
        "id": "bbbbbbbb-0886-4a73-b745-c694da45ddb4", "onPremisesSyncEnabled": true,
        "onPremisesSamAccountName": "alice", "onPremisesDomainName": "corp.contoso.example",
    });
    tenant.world.lock().users.push(twin);
    for paged in [false, true] {
        tenant.world.lock().paged = paged;
        let found = look_up(&tenant, &[name("CORP\\alice")]).await.unwrap();
        assert!(matches!(found, LookUp::Ambiguous(_)), "paged: {paged}");
    }
    // In another domain it is another name.
    tenant.world.lock().users[2]["onPremisesDomainName"] = json!("emea.contoso.example");
    assert!(matches!(look_up(&tenant, &[name("CORP\\alice")]).await.unwrap(), LookUp::Found(_)));
}

#[tokio::test]
async fn texts_out_of_alerts_stay_texts() {
    let tenant = synchronised().await;
    for text in ["o'brien@x.example", "a' or 'a' eq 'a@x.example", "a#b&$top=9@x.example", "%27@x.example"] {
        let names = [Identifier::Upn(text.to_owned())];
        assert!(matches!(look_up(&tenant, &names).await.unwrap(), LookUp::NotFound), "{text}");
    }
    let seen = tenant.cloud.seen();
    assert!(seen.iter().any(|seen| seen.path.contains("%27o%27%27brien%40x.example%27")), "{seen:?}");
}

#[tokio::test]
async fn groups_and_every_kind_of_privilege_are_seen() {
    let tenant = Tenant::start().await;
    tenant.world.lock().members.insert((QUARANTINE.into(), ALICE.into()));
    let seen = facts(&tenant).await;
    let groups = seen.groups.unwrap();
    assert_eq!(groups[0].name.as_deref(), Some("Quarantine"));
    assert!(groups[0].identifiers.contains(&Identifier::EntraId(QUARANTINE.into())));
    assert_eq!(seen.privileged, Some(false));

    tenant.world.lock().groups[0]["isAssignableToRole"] = json!(true);
    assert_eq!(facts(&tenant).await.privileged, Some(true), "a group that can hold roles");
    tenant.world.lock().members.clear();

    let role = |template: &str| json!({ "id": "r", "displayName": "R", "roleTemplateId": template });
    tenant.world.lock().roles = vec![role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b")];
    assert_eq!(facts(&tenant).await.privileged, Some(false), "everybody may read");
    tenant.world.lock().roles = vec![role("62e90394-69f5-4237-9190-012177145e10")];
    assert_eq!(facts(&tenant).await.privileged, Some(true), "a role");
    tenant.world.lock().roles.clear();

    tenant.world.lock().eligible = vec![json!({ "id": "e" })];
    assert_eq!(facts(&tenant).await.privileged, Some(true), "a role that can be activated");
}

/// The one that matters may be the last.
#[tokio::test]
async fn groups_and_roles_are_read_to_their_last_page() {
    let tenant = Tenant::start().await;
    let last = "00000000-0000-0000-0000-0000000000f3";
    {
        let mut world = tenant.world.lock();
        world.paged = true;
        world.groups.push(json!({ "id": last, "displayName": "Last", "isAssignableToRole": true }));
        world.members.extend([QUARANTINE, last].map(|group| (group.to_owned(), ALICE.to_owned())));
    }
    let seen = facts(&tenant).await;
    assert_eq!((seen.groups.unwrap().len(), seen.privileged), (2, Some(true)));
    tenant.world.lock().members.clear();
    let role = |template: &str| json!({ "id": "r", "displayName": "R", "roleTemplateId": template });
    let roles = ["88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "62e90394-69f5-4237-9190-012177145e10"];
    tenant.world.lock().roles = roles.map(role).to_vec();
    assert_eq!(facts(&tenant).await.privileged, Some(true));
}

#[tokio::test]
async fn what_could_not_be_read_is_unknown_and_not_none() {
    for (part, status, code, groups, privileged) in [
        ("graph.group", 403, "Authorization_RequestDenied", false, None),
        ("graph.directoryRole", 403, "Authorization_RequestDenied", true, None),
        ("roleEligibility", 403, "PermissionScopeNotGranted", true, None),
        // Without the licence there are no roles that can be activated.
        ("roleEligibility", 400, "AadPremiumLicenseRequired", true, Some(false)),
        ("roleEligibility", 403, "AadPremiumLicenseRequired", true, Some(false)),
    ] {
        let tenant = Tenant::start().await;
        tenant.world.lock().refused = Some((part, status, code));
        let seen = facts(&tenant).await;
        assert_eq!((seen.groups.is_some(), seen.privileged), (groups, privileged), "{part} {code}");
    }
    // Members that may not be read come without their names.
    let tenant = Tenant::start().await;
    tenant.world.lock().members.insert((QUARANTINE.into(), ALICE.into()));
    tenant.world.lock().groups[0]["displayName"] = json!(null);
    let seen = facts(&tenant).await;
    assert_eq!((seen.groups, seen.privileged), (None, None));
    // So do roles.
    let tenant = Tenant::start().await;
    tenant.world.lock().roles.push(json!({ "id": QUARANTINE, "displayName": null, "roleTemplateId": null }));
    let seen = facts(&tenant).await;
    assert_eq!((seen.groups.is_some(), seen.privileged), (true, None));
}

#[tokio::test]
async fn a_directory_that_cannot_be_asked_is_an_error() {
    let tenant = Tenant::start().await;
    for (part, status, failure) in [
        ("transitiveMemberOf", 500, Failure::Unavailable { retry_after: None }),
        ("roleEligibility", 429, Failure::Throttled { retry_after: None }),
        ("users?", 403, Failure::Forbidden),
    ] {
        tenant.world.lock().refused = Some((part, status, "whatever"));
        let error = look_up(&tenant, &[name("alice@contoso.example")]).await.unwrap_err();
        assert_eq!(error.failure, failure, "{part}: {error}");
    }
    // Whether by the id itself, or after a name has led to it.
    tenant.world.lock().refused = Some(("users/73d664e4", 503, "whatever"));
    for asked in [Identifier::entra_id(ALICE).unwrap(), name("alice@contoso.example")] {
        let error = look_up(&tenant, std::slice::from_ref(&asked)).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unavailable { retry_after: None }, "{asked}: {error}");
    }
}
