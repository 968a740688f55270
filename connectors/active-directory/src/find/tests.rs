use super::*;
use crate::account::tests::account;
use crate::domain::DomainNames;

pub(super) fn root() -> RootDse {
    RootDse {
        host: "dc1.corp.example".into(),
        domain_dn: "DC=corp,DC=example".into(),
        domain: "corp.example".into(),
        configuration_dn: String::new(),
        read_only: false,
        own_sids: Vec::new(),
    }
}

pub(super) fn forest() -> Forest {
    let domain = |netbios: &str, dns: &str| DomainNames { netbios: netbios.into(), dns: dns.into() };
    Forest {
        domains: vec![domain("corp", "corp.example"), domain("emea", "emea.corp.example")],
        upn_suffixes: vec!["example.com".into()],
    }
}

fn alice() -> Account {
    account(&[])
}

/// Somebody else, whose SID, GUID and names all differ from Alice's.
fn bob() -> Account {
    let mut bob = account(&[
        ("samaccountname", "bob"),
        ("userprincipalname", "bob@example.com"),
        ("distinguishedname", "CN=Bob,OU=Staff,DC=corp,DC=example"),
    ]);
    bob.guid = "00000000-0000-0000-0000-0000000000b0".parse().unwrap();
    bob.sid = "S-1-5-21-430931326-2955467119-2056817798-1103".parse().unwrap();
    bob
}

fn names(texts: &[&str]) -> Vec<Identifier> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn who(texts: &[&str]) -> String {
    match judge(&names(texts), vec![alice(), bob()], &root(), &forest()) {
        Found::One(account) => account.sam,
        Found::Nobody => "nobody".into(),
        Found::Several(why) => why,
    }
}

const ALICE_SID: &str = "sid:S-1-5-21-430931326-2955467119-2056817798-1102";
const GONE_SID: &str = "sid:S-1-5-21-430931326-2955467119-2056817798-4711";

#[test]
fn every_name_of_an_account_finds_it() {
    for name in [
        ALICE_SID,
        "ad_guid:{265A9D10-0394-4447-A726-A5C6F62B4AA5}",
        "immutable_id:EJ1aJpQDR0SnJqXG9itKpQ==",
        "upn:ALICE@example.com",
        "upn:alice@corp.example",
        "sam:CORP\\alice",
        "sam:corp.example\\Alice",
        "dn:cn=ALICE, ou=staff, dc=corp, dc=example",
    ] {
        assert_eq!(who(&[name]), "Alice", "{name}");
    }
}

#[test]
fn all_names_must_agree() {
    assert_eq!(who(&[ALICE_SID, "upn:alice@example.com", "sam:corp\\alice"]), "Alice");
    let both = who(&[ALICE_SID, "upn:bob@example.com"]);
    assert!(both.starts_with("ConflictingIdentity"), "{both}");
    let both = who(&["upn:alice@example.com", "sam:corp\\bob"]);
    assert!(both.starts_with("ConflictingIdentity"), "{both}");
}

#[test]
fn an_id_that_finds_nobody_is_not_replaced_by_a_name() {
    assert_eq!(who(&[GONE_SID, "upn:alice@example.com", "sam:corp\\alice"]), "nobody");
    assert_eq!(who(&["sid:S-1-5-21-9-9-9-1102", "upn:alice@example.com"]), "nobody");
    let two_ids = who(&[ALICE_SID, "ad_guid:11111111-1111-1111-1111-111111111111"]);
    assert!(two_ids.starts_with("ConflictingIdentity"), "{two_ids}");
}

#[test]
fn an_old_name_beside_a_right_id_does_no_harm() {
    assert_eq!(who(&[ALICE_SID, "upn:alice.before.marriage@example.com"]), "Alice");
    assert_eq!(who(&[ALICE_SID, "dn:cn=alice,ou=elsewhere,dc=corp,dc=example"]), "Alice");
}

#[test]
fn without_an_id_a_name_of_this_forest_that_finds_nobody_is_a_contradiction() {
    let texts = ["sam:corp\\alice", "upn:alice.other@example.com"];
    assert!(who(&texts).starts_with("ConflictingIdentity"));
    assert!(who(&["sam:emea\\alice", "upn:alice@example.com"]).starts_with("ConflictingIdentity"));
}

#[test]
fn names_of_other_directories_say_nothing_here() {
    let cloud = ["upn:alice@contoso.onmicrosoft.com", "sam:corp\\alice"];
    assert_eq!(who(&cloud), "Alice");
    assert_eq!(who(&["entra_id:7d1f0d4e-1234-5678-9abc-def012345678", ALICE_SID]), "Alice");
    assert_eq!(who(&["sid:S-1-12-1-1-2-3-4", "sam:corp\\alice"]), "Alice");
    for nobody in [
        "entra_id:7d1f0d4e-1234-5678-9abc-def012345678",
        "okta_id:00ub0oNGTSWTBKOLGLNR",
        "login:alice",
        "mail:alice@example.com",
        "name:alice",
        "sam:elsewhere\\alice",
        "sam:emea\\alice",
        "immutable_id:12345",
        "sid:S-1-12-1-1-2-3-4",
        "dn:cn=alice,dc=other,dc=example",
    ] {
        assert_eq!(who(&[nobody]), "nobody", "{nobody}");
    }
}

#[test]
fn a_loose_hit_of_the_directory_is_no_hit() {
    let rene = account(&[("samaccountname", "ren\u{e9}"), ("userprincipalname", "ren\u{e9}@example.com")]);
    let asked = names(&["upn:rene@example.com"]);
    assert_eq!(judge(&asked, vec![rene], &root(), &forest()), Found::Nobody);
}

#[test]
fn the_same_name_twice_is_nobody() {
    let mut other = bob();
    other.upn = Some("alice@example.com".into());
    let asked = names(&["upn:alice@example.com"]);
    assert!(matches!(judge(&asked, vec![alice(), other], &root(), &forest()), Found::Several(_)));
    let mut implicit = bob();
    implicit.upn = Some("alice@corp.example".into());
    let asked = names(&["upn:alice@corp.example"]);
    assert!(matches!(judge(&asked, vec![alice(), implicit], &root(), &forest()), Found::Several(_)));
}

#[test]
fn a_former_sid_finds_whom_it_belonged_to() {
    let mut moved = alice();
    moved.former_sids = vec!["S-1-5-21-7-7-7-1500".parse().unwrap()];
    let asked = names(&["sid:S-1-5-21-7-7-7-1500"]);
    assert!(matches!(judge(&asked, vec![moved], &root(), &forest()), Found::One(_)));
}

#[test]
fn nothing_is_asked_for_names_of_other_directories() {
    let foreign = names(&["okta_id:00ub0oNGTSWTBKOLGLNR", "mail:a@b.example", "name:alice"]);
    assert!(query(&foreign, &root(), &forest()).is_none());
    assert!(query(&[], &root(), &forest()).is_none());
}

#[test]
fn one_question_asks_for_all_names() {
    let query = query(&names(&["upn:a*@corp.example", "sam:corp\\a)(x"]), &root(), &forest()).unwrap();
    assert_eq!(
        query.filter.as_str(),
        "(&(objectClass=user)(|(userPrincipalName=a\\2a@corp.example)(sAMAccountName=a\\2a)(sAMAccountName=a\\29\\28x)))"
    );
}
