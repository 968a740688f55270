//! Tests of playbooks with `once_per`: which later alerts belong to the run of the first.

use std::sync::Arc;

use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::{Played, read};

use crate::shipped::known;

const ALERT: &str = r#"
language: 1
alert:
  Type: SecurityAlert
  SystemAlertId: a-1
  AlertName: Something
  AlertSeverity: High
  ProviderName: Azure Advanced Threat Protection
  Entities:
    - { $id: "2", Type: account, Name: alice, UPNSuffix: contoso.example }
    - { $id: "3", Type: account, Name: bob, UPNSuffix: contoso.example }
tests:
"#;

fn playbook(once_per: &str) -> String {
    format!(
        "language: 1\nplaybook: once\ntitle: Once\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.title: {{ is: Something }}\n{once_per}for_each: account\nsteps:\n  - do: account.revoke_sessions\n    at: [okta]\n"
    )
}

fn play(once_per: &str, later: &str) -> Result<Played, String> {
    let bytes = playbook(once_per).into_bytes();
    let loaded = load(&[SourceFile { name: "once.yaml".into(), bytes }], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    let text = format!(
        "{ALERT}  - name: x\n    later: [{later}]\n    expect: {{ actions: [account.revoke_sessions of alice, account.revoke_sessions of bob] }}\n"
    );
    let test = read("once.test.yaml", text.as_bytes(), &known())
        .map_err(|wrong| wrong.diagnostics.iter().map(|one| one.message.clone()).collect::<String>())?
        .remove(0);
    let alert = test.alert(|_| Err("no file".to_owned()))?.map(Arc::new);
    test.play(alert, &loaded.playbooks[0], &loaded.playbooks, &known())
}

fn got(once_per: &str, later: &str) -> Vec<String> {
    let played = play(once_per, later).unwrap();
    assert!(played.differences.iter().all(|one| one.what == "later"), "{:?}", played.differences);
    played.differences.into_iter().flat_map(|one| one.got).collect()
}

const BY_ACCOUNT: &str = "once_per: { key: [account], within: 1h }\n";
const BY_TITLE: &str = "once_per: { key: [alert.title], within: 1h }\n";
const CAROL_TOO: &str = "change: { Entities: [{ $id: \"2\", Type: account, Name: bob, UPNSuffix: contoso.example }, { $id: \"3\", Type: account, Name: carol, UPNSuffix: contoso.example }] }";

#[test]
fn what_is_attached_is_told_to_the_second() {
    for once_per in [BY_ACCOUNT, BY_TITLE] {
        assert_eq!(got(once_per, "{ after: 3599s, attached: all }"), [""; 0]);
        assert_eq!(got(once_per, "{ after: 3600s, attached: none }"), [""; 0]);
        assert_eq!(got(once_per, "{ after: 3600s, attached: all }"), ["after 1h: none"]);
        assert_eq!(got(once_per, "{ after: 3599s, attached: none }"), ["after 3599s: all"]);
    }
    assert_eq!(got("", "{ after: 1s, attached: all }"), ["after 1s: none"], "nothing says once");
}

#[test]
fn those_who_are_in_hand_are_named() {
    assert_eq!(got(BY_ACCOUNT, &format!("{{ after: 1m, {CAROL_TOO}, attached: [bob] }}")), [""; 0]);
    for wrong in ["[carol]", "[bob, carol]", "all", "none", "[]"] {
        let got = got(BY_ACCOUNT, &format!("{{ after: 1m, {CAROL_TOO}, attached: {wrong} }}"));
        assert_eq!(got, ["after 1m: bob@contoso.example"], "{wrong}");
    }
    assert_eq!(got(BY_TITLE, &format!("{{ after: 1m, {CAROL_TOO}, attached: all }}")), [""; 0]);
    let other = got(BY_TITLE, "{ after: 1m, change: { AlertName: Other }, attached: all }");
    assert!(other[0].starts_with("after 1m: does not start"), "{other:?}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (later, words) in [
        ("{ after: soon, attached: all }", "`after`"),
        ("{ after: 1m, attached: some }", "all, none or a list of names"),
        ("{ after: 1m }", "attached"),
        ("{ after: 1m, attached: all, also: 1 }", "also"),
    ] {
        let wrong = play(BY_ACCOUNT, later).unwrap_err();
        assert!(wrong.contains(words), "{later}: {wrong}");
    }
    let text =
        "language: 1\ntests:\n  - name: x\n    later: [{ after: 1m, attached: all }]\n    expect: {}\n";
    let wrong = read("once.test.yaml", text.as_bytes(), &known()).unwrap_err();
    assert!(wrong.diagnostics[0].message.contains("comes after an alert"), "{:?}", wrong.diagnostics);
}
