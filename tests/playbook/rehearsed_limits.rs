//! Tests of playbooks see what limits hold back, and what does not last.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::read;

use crate::rehearsed::alert;
use crate::shipped::known;

const PLAYBOOK: &str = "language: 1\nplaybook: example\ntitle: x\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: low }\nfor_each: account\n";

fn playbook(rest: &str) -> Arc<Playbook> {
    let bytes = format!("{PLAYBOOK}{rest}").into_bytes();
    let loaded =
        load(&[SourceFile { name: "example.yaml".into(), bytes }], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    Arc::clone(&loaded.playbooks[0])
}

fn plays(playbook: &Arc<Playbook>, test: &str) {
    let text =
        format!("language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n{test}");
    let test = read("example.test.yaml", text.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(alert(&test), playbook, &[], &known()).unwrap();
    assert_eq!(played.differences, []);
}

#[test]
fn what_a_limit_holds_back_is_asked_about_or_left_alone() {
    let steps = "steps:\n  - do: account.disable\n    at: [active_directory]\n";
    let stops = playbook(&format!("limits: {{ accounts: {{ per_hour: 0 }}, if_over: stop }}\n{steps}"));
    plays(
        &stops,
        "    expect: { actions: none, skipped: [{ who: bob, because: over_limit, says: playbook's limit of 0 accounts per hour }], outcome: over_limit }\n",
    );
    let asks = playbook(&format!("limits: {{ accounts: {{ per_hour: 0 }} }}\n{steps}"));
    plays(
        &asks,
        "    answers: { limits: approve }\n    expect: { actions: [account.disable], asks: [limits], outcome: contained }\n",
    );
    plays(
        &asks,
        "    answers: { limits: expired }\n    expect: { actions: none, asks: [limits], outcome: over_limit }\n",
    );
    plays(
        &asks,
        "    answers: { limits: reject }\n    expect: { actions: none, asks: [limits], outcome: nothing_to_do }\n",
    );
}

#[test]
fn what_does_not_last_fails() {
    let lasts = playbook(
        "steps:\n  - do: account.disable\n    at: [active_directory]\n    verify: { within: 10s, hold: 2h }\n",
    );
    plays(&lasts, "    expect: { actions: [account.disable], failed: [], outcome: contained }\n");
    plays(
        &lasts,
        "    given: { drifts: [account.disable at active_directory] }\n    expect: { actions: [account.disable], failed: [account.disable], outcome: failed }\n",
    );
}
