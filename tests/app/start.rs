//! `quell start`: by hand, dry first, with inputs that are looked at, and with everything that protects people.

use chrono::{DateTime, Utc};

use crate::place::Place;
use crate::service::Engine;

const BY_HAND: &str = "language: 1
playbook: by-hand
title: Cut somebody off by hand
mode: act
when:
  manual: true
inputs:
  target: account
  reason: { kind: text, or: no reason given }
for_each: account
steps:
  - id: cut_off
    run: everywhere
";

const EVERYWHERE: &str = "language: 1
playbook: everywhere
title: Disable somebody everywhere
mode: act
when:
  called: true
inputs:
  target: account
for_each: account
steps:
  - do: account.disable
";

/// The run of a timer, and when it runs out.
type Timed = (String, Option<DateTime<Utc>>);

fn place() -> Place {
    let place = Place::with_site();
    place.write("playbooks/by-hand.yaml", BY_HAND);
    place.write("playbooks/everywhere.yaml", EVERYWHERE);
    place
}

#[test]
fn a_dry_start_says_what_would_be_done_and_does_nothing() {
    let place = place();
    let args = ["start", "by-hand", "--input", "target=alice@contoso.example", "--dry-run"];
    let said = place.quell(&args).well();
    assert!(said.out.contains("account.disable of alice@contoso.example at entra_id"), "{}", said.out);
    assert!(said.err.contains("nothing was touched"), "{}", said.err);
    assert_eq!(place.quell(&["runs", "list", "--json"]).well().json().as_array().unwrap().len(), 0);
}

#[test]
fn a_start_is_done_once_recorded_and_can_be_undone() {
    let place = place();
    let args = ["start", "by-hand", "--input", "target=alice@contoso.example", "--input", "reason=he called"];
    place.quell(&args).with_code(3);
    place.quell(&[&args[..], &["--yes"]].concat()).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(runs.as_array().unwrap().len(), 2, "it and what it called: {runs}");
    let of =
        |name: &str| runs.as_array().unwrap().iter().find(|run| run["playbook"]["name"] == name).unwrap();
    assert_eq!(of("by-hand")["finish"], "contained", "{runs}");
    assert!(of("by-hand")["occasion"]["manual"]["by"].is_string(), "{runs}");
    assert_eq!(of("everywhere")["occasion"]["called"]["caller"]["run"], of("by-hand")["id"], "{runs}");
    let shown = place.quell(&["runs", "show", of("by-hand")["id"].as_str().unwrap()]).well().out;
    assert!(shown.contains("started by") && shown.contains("he called"), "{shown}");
    assert!(shown.contains("calls everywhere as run"), "{shown}");
    place.quell(&["undo", of("everywhere")["id"].as_str().unwrap()]).well();
}

/// What a run called did its work for it: with the run it is taken back, and the dry run says so first.
#[test]
fn taking_a_run_back_takes_back_what_it_called() {
    let place = place();
    let start = ["start", "by-hand", "--input", "target=alice@contoso.example", "--yes", "--json"];
    let run = place.quell(&start).well().json()["runs"][0]["summary"]["id"].as_str().unwrap().to_owned();
    let disabled = || {
        let seen = place.quell(&["identity", "alice@contoso.example", "--json"]).well().json();
        let accounts = seen["accounts"].as_array().unwrap().clone();
        accounts.iter().filter(|account| account["enabled"] == false).count()
    };
    assert_eq!(disabled(), 3);

    let dry = place.quell(&["undo", &run, "--dry-run", "--json"]).well().json();
    assert_eq!(dry["tasks"].as_array().unwrap().len(), 0, "it has done nothing itself: {dry}");
    let would = dry["called"][0]["tasks"].as_array().unwrap().clone();
    assert_eq!(would.len(), 3, "{dry}");
    assert!(would.iter().all(|task| task["result"] == "would be undone"), "{dry}");
    let told = place.quell(&["undo", &run, "--dry-run"]).well().out;
    assert_eq!(told.matches("would be undone").count(), 3, "{told}");
    assert_eq!(disabled(), 3, "nothing was touched");

    place.quell(&["undo", &run]).well();
    assert_eq!(disabled(), 0);
    let again = place.quell(&["undo", &run]).well().out;
    assert_eq!(again.matches("it had not been done").count(), 0, "{again}");
}

/// A timer of a run that was called is put off and stopped with the run that called it, and by its own name.
#[test]
fn a_timer_is_stopped_with_the_run_that_called_for_it() {
    let place = place();
    place.write(
        "playbooks/everywhere.yaml",
        format!("{EVERYWHERE}    undo: {{ after: 8h, unless: confirmed }}\n"),
    );
    let start = ["start", "by-hand", "--input", "target=alice@contoso.example", "--yes", "--json"];
    let run = place.quell(&start).well().json()["runs"][0]["summary"]["id"].as_str().unwrap().to_owned();
    let timers = |said: &serde_json::Value| -> Vec<Timed> {
        let read = |timer: &serde_json::Value| {
            let due = timer["due"].as_str().map(|due| due.parse().unwrap());
            (timer["run"].as_str().unwrap().to_owned(), due)
        };
        said["tasks"].as_array().unwrap().iter().map(read).collect()
    };
    let until = ["undo", "extend", &run, "--until", "2099-01-01T00:00:00Z", "--json"];
    let put_off = timers(&place.quell(&until).well().json());
    assert_eq!(put_off.len(), 3, "{put_off:?}");
    assert!(put_off.iter().all(|(of, _)| *of != run), "it has done nothing itself: {put_off:?}");
    let longer = timers(&place.quell(&["undo", "extend", &run, "--by", "2h", "--json"]).well().json());
    let hours = |(then, now): (&Timed, &Timed)| (now.1.unwrap() - then.1.unwrap()).num_hours();
    let longer: Vec<i64> = put_off.iter().zip(&longer).map(hours).collect();
    assert_eq!(longer, [2, 2, 2]);

    let called = &put_off[0].0;
    let one = ["undo", "confirm", called, "--task", "0/account_disable/1", "--json"];
    assert_eq!(timers(&place.quell(&one).well().json()).len(), 1);
    let confirmed = timers(&place.quell(&["undo", "confirm", &run, "--json"]).well().json());
    assert_eq!(confirmed.iter().filter(|(_, due)| due.is_none()).count(), 3, "{confirmed:?}");
    let late = place.quell(&["undo", "extend", &run, "--by", "2h"]).with_code(3);
    assert!(late.err.contains("no undo timer runs"), "{}", late.err);
    let told = place.quell(&["undo", "confirm", &run]).well().out;
    assert_eq!(told.matches("stays").count(), 3, "{told}");
}

#[test]
fn an_excluded_person_is_left_alone_by_hand_too() {
    let place = place();
    let add = ["exclusions", "add", "--sam", "CONTOSO\\alice", "--because", "tested"];
    place.quell(&add).well();
    let args = ["start", "by-hand", "--input", "target=alice@contoso.example", "--yes", "--json"];
    let said = place.quell(&args).well().json();
    assert_eq!(said["runs"][0]["summary"]["finish"], "excluded", "{said}");
}

#[test]
fn what_cannot_be_started_says_why() {
    let place = place();
    for (args, says) in [
        (&["by-hnd"][..], "did you mean by-hand?"),
        (&["everywhere"], "manual: true"),
        (&["by-hand"], "input target: it must be given"),
        (&["by-hand", "--input", "target=alice"], "not enough"),
        (&["by-hand", "--input", "targt=alice@contoso.example"], "did you mean target?"),
        (&["by-hand", "--input", "target"], "NAME=VALUE"),
    ] {
        let said = place.quell(&[&["start", "--dry-run"], args].concat()).with_code(3);
        assert!(said.err.contains(says), "{args:?}: {}", said.err);
    }
}

#[test]
fn a_running_engine_starts_it_too() {
    let place = place();
    let (engine, _pipe) = Engine::that_waits(&place);
    let target = "target=alice@contoso.example";
    let dry = place.quell(&["start", "by-hand", "--input", target, "--dry-run"]).well();
    assert!(dry.out.contains("account.disable of alice@contoso.example"), "{}", dry.out);
    let said = place.quell(&["start", "by-hand", "--input", target, "--yes", "--json"]).well().json();
    assert_eq!(said["runs"][0]["summary"]["playbook"]["name"], "by-hand", "{said}");
    engine.says("called has ended: contained");
    engine.end();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(runs.as_array().unwrap().len(), 2, "{runs}");
}

#[test]
fn a_check_says_when_the_clock_starts_a_playbook() {
    let place = Place::with_site();
    place.write(
        "playbooks/weekly.yaml",
        "language: 1
playbook: weekly
title: Every Monday
when: { schedule: { cron: \"30 6 * * mon\", timezone: Europe/Berlin } }
steps:
  - wait: { for: 1m }
",
    );
    let said = place.quell(&["check"]).with_code(0);
    assert_eq!(said.err.matches("Monday 2").count(), 3, "{}", said.err);
    assert!(said.err.contains("weekly is due Monday 2") && said.err.contains(" 06:30 CE"), "{}", said.err);
    let all = place.quell(&["check", "--json"]).with_code(0).json();
    assert_eq!(all["schedules"][0]["next"].as_array().map(Vec::len), Some(3), "{all}");
}

#[test]
fn what_is_disabled_is_started_by_nobody() {
    let place = place();
    place.change("playbooks/by-hand.yaml", "mode: act", "mode: disabled");
    let said = place.quell(&["start", "by-hand", "--input", "target=alice@contoso.example", "--yes"]);
    assert_ne!(said.code, 0);
    assert!(said.err.contains("is disabled"), "{said:?}");
    assert_eq!(place.quell(&["runs", "list", "--json"]).well().json(), serde_json::json!([]));
}
