//! Links in messages: they lead to the page of the run, and to one that takes back what a lane did.

use std::time::Duration;

use crate::asked::{receiver, send, site};
use crate::service::Engine;

const LINKED: &str = "language: 1
playbook: cut-off
title: Cut somebody off, and say so
mode: act
when:
  manual: true
inputs:
  target: account
for_each: account
steps:
  - do: account.disable
always:
  - do: webhook.post
    with:
      data:
        text: \"{{ account.upn }}: {{ lane.outcome }}\"
        run: \"{{ run.link }}\"
        undo: \"{{ lane.undo_link }}\"
";

#[test]
fn a_link_shows_the_run_and_another_takes_it_back() {
    let (address, messages) = receiver();
    let place = site(&address);
    place.write("playbooks/cut-off.yaml", LINKED);
    let (engine, _pipe) = Engine::that_waits(&place);
    place.quell(&["start", "cut-off", "--input", "target=alice@contoso.example", "--yes"]).well();
    let message = messages.recv_timeout(Duration::from_secs(60)).unwrap();
    let link = |name: &str| message["data"][name].as_str().unwrap().to_owned();
    let (run, undo) = (link("run"), link("undo"));
    let (status, page) = send(&place, "GET", &run, "");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("account.disable of alice@contoso.example") && page.contains("done"), "{page}");
    for _ in 0..2 {
        let (status, page) = send(&place, "GET", &undo, "");
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("would be undone") && page.contains("Take it back"), "{page}");
    }
    assert_eq!(send(&place, "POST", &run, "name=ann").0, 403, "what shows a run takes nothing back");
    assert_eq!(send(&place, "POST", &undo, "").0, 422, "the record needs a name");
    let in_force =
        || place.quell(&["identity", "alice@contoso.example", "--json"]).well().json()["in_force"].clone();
    assert_eq!(in_force().as_array().unwrap().len(), 3, "{}", in_force());
    let (status, page) = send(&place, "POST", &undo, "name=ann");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("<dd>undone</dd>"), "{page}");
    assert_eq!(in_force().as_array().unwrap().len(), 0, "{}", in_force());
    let (_, page) = send(&place, "GET", &undo, "");
    assert!(page.contains("There is nothing of it to take back"), "{page}");
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    let shown = place.quell(&["runs", "show", runs[0]["id"].as_str().unwrap()]).well().out;
    assert!(shown.contains("ann (by a link)"), "{shown}");
    engine.signal("TERM");
    let (_, log) = engine.ended();
    let seals = [&run, &undo].map(|link| link.rsplit('.').next().unwrap().to_owned());
    for seal in &seals {
        assert!(!log.contains(seal) && !shown.contains(seal), "a link is in the log or the record");
    }
    let words = "link to undo lane 0 of run";
    assert!(place.holds("state/store", words), "the store has words in the place of the link");
    assert!(!seals.iter().any(|seal| place.holds("state/store", seal)), "a link is in the store");
}

#[test]
fn links_are_refused_where_they_lead_nowhere_or_stand_in_the_wrong_place() {
    let (address, _messages) = receiver();
    let refused = |file: &str, from: &str, to: &str, words: &str| {
        let place = site(&address);
        place.write("playbooks/cut-off.yaml", LINKED);
        place.quell(&["check"]).well();
        place.change(file, from, to);
        let said = place.quell(&["check"]).with_code(1);
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains(words), "{words}: {all}");
    };
    let pages = "pages:\n  public_url: http://localhost:1\n  secret: { file: answer-key }\n";
    refused("quell.yaml", pages, "", "`run.link` leads nowhere: the site file has no section `pages`");
    let book = "playbooks/cut-off.yaml";
    refused(
        book,
        "{{ run.link }}",
        "{{ run.link | upper }}",
        "`run.link` is taken as it is, without a filter",
    );
    refused(
        book,
        "  - do: account.disable\n",
        "  - do: account.disable\n    if:\n      all:\n        - run.link: { exists: true }\n",
        "a link may stand in what an action is given (`with`) only",
    );
    refused(book, "always:", "afterwards:", "`afterwards` is about the whole run");
}
