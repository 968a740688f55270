//! Limits and taking back, as an operator meets them.

use crate::place::Place;

/// A site where one account may be touched in an hour, and two alerts about two people have come.
fn two_alerts() -> Place {
    let place = Place::with_acting_site();
    place.change("quell.yaml", "per_hour: 50, per_day: 200", "per_hour: 1, per_day: 200");
    let alert = place.read("alerts/dcsync.json");
    let other = alert.replace("dave", "alice").replace("-1107", "-1104").replace("8f3c2006", "8f3c2007");
    assert_ne!(alert, other);
    place.write("alerts/other.json", other);
    place.quell(&["run"]).well();
    place
}

#[test]
fn beyond_a_limit_people_are_asked_and_the_use_is_shown() {
    let place = two_alerts();
    let used = place.quell(&["limits", "--json"]).well().json();
    let hourly = &used["limits"][1];
    assert_eq!((&hourly["per"], &hourly["used"], &hourly["at_most"]), (&"hour".into(), &1.into(), &1.into()));
    assert_eq!(hourly["counted"].as_array().unwrap().len(), 1);
    assert!(!hourly["frees_at"].is_null());
    let shown = place.quell(&["limits", "--who"]).well().out;
    assert!(shown.contains("accounts counted against the site, an hour"), "{shown}");

    let open = place.quell(&["approvals", "list", "--json"]).well().json();
    assert_eq!(open.as_array().unwrap().len(), 1);
    let question = format!("{}/limits", open[0]["run"].as_str().unwrap());
    let text = open[0]["question"]["text"].as_str().unwrap();
    assert!(text.starts_with("The site's limit of 1 account per hour is reached."), "{text}");
    place.quell(&["approvals", "approve", &question, "--all", "--yes"]).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert!(runs.as_array().unwrap().iter().all(|run| run["finish"] == "contained"), "{runs}");
    assert_eq!(place.quell(&["limits", "--json"]).well().json()["limits"][1]["used"], 2);
}

/// The question of another run is not the same because it is asked together: what each is about stands there.
#[test]
fn what_is_answered_together_is_shown_whole() {
    let place = two_alerts();
    let third = place.read("alerts/dcsync.json").replace("dave", "carol").replace("-1107", "-1106");
    place.write("alerts/third.json", third.replace("8f3c2006", "8f3c2008"));
    place.change("playbooks/disable-on-dcsync.yaml", "steps:\n", "steps:\n  - do: account.revoke_sessions\n");
    place.quell(&["run"]).well();
    let open = place.quell(&["approvals", "list", "--json"]).well().json();
    assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
    let texts =
        [&open[0]["question"]["text"], &open[0]["with"][0]["text"]].map(|text| text.as_str().unwrap());
    assert_ne!(texts[0], texts[1]);
    let list = place.quell(&["approvals", "list"]).well().out;
    let question = format!("{}/limits", open[0]["run"].as_str().unwrap());
    let not_confirmed = place.quell(&["approvals", "approve", &question, "--all"]);
    for text in texts {
        assert!(list.contains(text), "{list}");
        assert!(not_confirmed.err.contains(text), "{}", not_confirmed.err);
    }
}

#[test]
fn a_dry_undo_says_what_happens() {
    let place = Place::with_acting_site();
    let alert = place.read("alerts/dcsync.json");
    place.quell(&["run"]).well();
    place.write("alerts/again.json", alert.replace("8f3c2006", "8f3c2009"));
    place.quell(&["run"]).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    let run = |number: usize| runs[number]["id"].as_str().unwrap();
    let (second, first) = (run(0), run(1));
    let told = |args: &[&str]| {
        let undone = place.quell(&[&["undo"], args, &["--json"]].concat()).well().json();
        let undone = undone.as_array().map_or(vec![undone.clone()], Clone::clone);
        let results = undone.iter().flat_map(|one| one["tasks"].as_array().unwrap().clone());
        results
            .map(|task| task["result"].as_str().unwrap().to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let only = |text: String| std::collections::BTreeSet::from([text]);
    let still = |run: &str| format!("still wanted by run {}", &run[..8]);
    assert_eq!(told(&[first, "--dry-run"]), only(format!("would stay: {}", still(second))));
    assert_eq!(told(&["--since", "1h", "--dry-run"]), only("would be undone".into()));
    assert_eq!(told(&[first]), only(format!("stays: {}", still(second))));
    assert_eq!(told(&[second, "--dry-run"]), only("would be undone".into()));
    assert_eq!(told(&[second]), only("undone".into()));
}

#[test]
fn what_is_in_force_on_somebody_is_taken_back_whichever_run_did_it() {
    let place = two_alerts();
    let touched = place.quell(&["limits", "--json"]).well().json()["limits"][1]["counted"][0].clone();
    let who = touched["who"].as_str().unwrap().to_owned();
    let dry = place.quell(&["undo", "--who", &who, "--dry-run", "--json"]).well().json();
    assert_eq!(dry[0]["tasks"][0]["result"], "would be undone", "{dry}");
    let other = if who.contains("dave") { "CONTOSO\\alice" } else { "CONTOSO\\dave" };
    assert_eq!(place.quell(&["undo", "--account", other, "--json"]).well().json(), serde_json::json!([]));
    assert_eq!(place.quell(&["undo", "--until", "1h", "--json"]).well().json(), serde_json::json!([]));
    let later = place.quell(&["undo", "--since", "2100-01-01T00:00:00Z", "--json"]).well().json();
    assert_eq!(later, serde_json::json!([]));
    let undone = place.quell(&["undo", "--since", "1h", "--json"]).well().json();
    assert_eq!(undone[0]["tasks"][0]["result"], "undone", "{undone}");
    let nothing = place.quell(&["undo", "--who", &who]).well();
    assert!(nothing.out.contains("there is nothing to take back"), "{}", nothing.out);
    let said = place.quell(&["undo", "--who", "nobody@contoso.example"]).with_code(3);
    assert!(said.err.contains("cannot be said"), "{}", said.err);
    let said = place.quell(&["undo", "--since", "yesterday"]).with_code(3);
    assert!(said.err.contains("is no moment"), "{}", said.err);
    place.quell(&["undo"]).with_code(2);
}
