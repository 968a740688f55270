use super::*;

const GUID: &str = "265a9d10-0394-4447-a726-a5c6f62b4aa5";

fn any(text: &str) -> Identifier {
    Identifier::recognise(text, Hint::Any).unwrap()
}

#[test]
fn forms_are_recognised_in_order() {
    let sid = "S-1-5-21-430931326-2955467119-2056817798-1102";
    assert_eq!(any(&sid.to_lowercase()), Identifier::Sid(sid.into()));
    assert_eq!(any("00ub0oNGTSWTBKOLGLNR"), Identifier::OktaId("00ub0oNGTSWTBKOLGLNR".into()));
    assert_eq!(any("CORP\\Alice"), Identifier::Sam { domain: "corp".into(), name: "alice".into() });
    assert_eq!(any("CN=Alice,DC=corp,DC=example"), Identifier::Dn("cn=alice,dc=corp,dc=example".into()));
    assert_eq!(any(" Alice@Corp.example "), Identifier::Upn("alice@corp.example".into()));
    assert_eq!(any("Alice"), Identifier::Name("alice".into()));
}

#[test]
fn a_guid_belongs_to_the_field_it_came_from() {
    assert!(matches!(Identifier::recognise(GUID, Hint::Any), Err(IdentifierError::AmbiguousGuid { .. })));
    let braces = format!("{{{}}}", GUID.to_uppercase());
    for text in [GUID, &braces, &GUID.replace('-', "")] {
        assert_eq!(Identifier::recognise(text, Hint::AdGuid), Ok(Identifier::AdGuid(GUID.into())));
        assert_eq!(Identifier::recognise(text, Hint::EntraId), Ok(Identifier::EntraId(GUID.into())));
    }
    assert!(Identifier::entra_id("00000000-0000-0000-0000-000000000000").is_err());
    assert!(Identifier::entra_id("S-1-5-2").is_err());
}

#[test]
fn equal_names_are_equal_values() {
    assert_eq!(any("CORP\\alice"), any("corp\\ALICE"));
    assert_eq!(any("ALICE@corp.example"), any("alice@CORP.example"));
    assert_eq!(Identifier::upn("re\u{301}my@x.example"), Identifier::upn("R\u{c9}MY@x.example"));
    assert_eq!(any("cn=alice, dc=corp, dc=example"), any("CN=Alice,DC=CORP,DC=EXAMPLE"));
    let (upper, lower) = (Identifier::immutable_id("EJ1aJpQD=="), Identifier::immutable_id("ej1ajpqd=="));
    assert_ne!(upper, lower, "source anchors are case-sensitive");
    assert_ne!(any("00ub0oNGTSWTBKOLGLNR"), any("00uB0oNGTSWTBKOLGLNR"), "Okta ids are case-sensitive");
}

#[test]
fn what_the_system_owns_is_no_down_level_name() {
    for text in ["NT AUTHORITY\\SYSTEM", ".\\alice", "NT SERVICE\\x", "AzureAD\\AliceSmith", "BUILTIN\\Users"]
    {
        assert!(Identifier::recognise(text, Hint::Any).is_err(), "{text}");
    }
}

#[test]
fn broken_names_are_refused() {
    for text in ["", " ", "al\0ice", "a@b@c", "@corp.example", "alice@", "alice@b c", "a\\", "\\a", "=x,DC=y"]
    {
        let read = Identifier::recognise(text, Hint::Any);
        assert!(read.is_err(), "{text:?} gave {read:?}");
    }
    assert!(Identifier::recognise("alice", Hint::Upn).is_err());
    assert!(Identifier::recognise("alice", Hint::Sam).is_err());
    assert!(Identifier::recognise("alice", Hint::Sid).is_err());
}

#[test]
fn names_that_try_to_be_filters_stay_names() {
    for text in ["alice*", "alice)(objectClass=*", "al\u{5c}\u{5c}2a", "#alice", "a,b", "\"a\"", "a+b"] {
        if let Ok(read) = Identifier::recognise(text, Hint::Any) {
            assert!(matches!(read, Identifier::Name(_)), "{text:?} gave {read:?}");
        }
    }
}

#[test]
fn what_is_written_can_be_read_back() {
    let all = [
        any("S-1-5-21-1-2-3-1104"),
        Identifier::ad_guid(GUID).unwrap(),
        Identifier::entra_id(GUID).unwrap(),
        any("00ub0oNGTSWTBKOLGLNR"),
        Identifier::immutable_id("EJ1aJpQDR0SnJqXG9itKpQ==").unwrap(),
        any("alice@corp.example"),
        Identifier::login("Alice: the second").unwrap(),
        any("CORP\\alice"),
        any("CN=Smith\\, Alice,DC=corp,DC=example"),
        Identifier::mail("alice@corp.example").unwrap(),
        Identifier::bare_name("Alice").unwrap(),
    ];
    for identifier in all {
        let written = identifier.to_string();
        assert_eq!(written.parse::<Identifier>(), Ok(identifier), "{written}");
    }
    assert_eq!(any("CORP\\alice").to_string(), "sam:corp\\alice");
    assert!(matches!("alice".parse::<Identifier>(), Err(IdentifierError::UnknownKind { .. })));
    assert!(matches!("spn:x".parse::<Identifier>(), Err(IdentifierError::UnknownKind { .. })));
}

#[test]
fn only_lasting_ids_contradict() {
    let sid = |text: &str| Identifier::sid(text).unwrap();
    assert!(sid("S-1-5-21-1-2-3-1104").contradicts(&sid("S-1-5-21-1-2-3-1105")));
    assert!(!sid("S-1-5-21-1-2-3-1104").contradicts(&sid("S-1-5-21-1-2-3-1104")));
    assert!(!sid("S-1-5-21-1-2-3-1104").contradicts(&sid("S-1-12-1-1-2-3-4")), "one account may have both");
    assert!(!any("a@x.example").contradicts(&any("b@x.example")), "the names in two directories differ");
}

#[test]
fn strength_follows_the_kind() {
    assert!(any("a@x.example").is_strong() && !any("a@x.example").is_immutable());
    assert!(!any("alice").is_strong() && !Identifier::mail("a@x.example").unwrap().is_strong());
    assert!(any("S-1-5-21-1-2-3-1104").is_immutable());
}
