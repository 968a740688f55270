//! Tokens that are none, and whose they are.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::{self, Mistakes};

const ANNS: &str = "anns-token-0123456789abcdef01234";
const BOBS: &str = "bobs-token-0123456789abcdef01234";

/// A site with ann and bob, whose tokens lie in these files.
fn site(folder: &TempDir, anns: &str, bobs: &str) -> Site {
    fs::write(folder.path().join("ann"), anns).unwrap();
    fs::write(folder.path().join("bob"), bobs).unwrap();
    let people = "language: 1\napi:\n  people:\n    - { name: ann, token: { file: ann } }\n    - { name: bob, token: { file: bob } }\n";
    fs::write(folder.path().join("quell.yaml"), people).unwrap();
    config::read(Some(&folder.path().join("quell.yaml"))).unwrap()
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

#[test]
fn each_has_the_token_that_lies_in_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let callers = callers(&site(&folder, &format!("{ANNS}\n"), BOBS)).unwrap();
    assert_eq!(callers.whose(&token(ANNS)), Some(Caller::Person("ann".into())));
    assert_eq!(callers.whose(&token(BOBS)), Some(Caller::Person("bob".into())));
    assert_eq!(callers.whose(&token(&ANNS.replace('0', "1"))), None);
}

#[test]
fn what_is_no_token_of_one_person_is_refused_at_its_place_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    for (bobs, why) in [
        (ANNS, "is the same token as that of ann"),
        ("short-token", "shorter than 32 characters"),
        ("bobs token 0123456789abcdef01234 with blanks", "holds blanks"),
        ("", "is empty"),
    ] {
        let wrong = callers(&site(&folder, ANNS, bobs)).unwrap_err().downcast::<Mistakes>().unwrap();
        let [one] = wrong.diagnostics.as_slice() else { panic!("{wrong:?}") };
        assert!(one.message.contains("api.people[1].token") && one.message.contains(why), "{}", one.message);
        assert_eq!(one.place.line, 5, "{one:?}");
        assert!(
            !one.message.contains("token-0123") && !one.message.contains("short-token"),
            "{}",
            one.message
        );
    }
    let site = site(&folder, "short-token", BOBS);
    fs::remove_file(folder.path().join("bob")).unwrap();
    let wrong = callers(&site).unwrap_err().downcast::<Mistakes>().unwrap();
    assert_eq!(wrong.diagnostics.len(), 2, "all of it at once: {wrong:?}");
}
