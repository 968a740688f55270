//! Tables and fields of lists in texts: for people, escaped for their destination, their columns known at load; and
//! paths that say through what a playbook goes.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_playbook::template::{Template, TextFormat};
use quell_playbook::{LaneScope, SourceFile, StepResult, Surroundings, load};
use quell_run::rehearsal::read;
use serde_json::json;

use crate::fixtures::{alert, now};
use crate::shipped::known;

/// A step above that has found these.
fn filled(template: &str, format: TextFormat) -> String {
    let alert = alert();
    let mut scope = LaneScope::new(&alert, None, now());
    let found = json!({ "all": [
        { "name": "a|b <script>", "os": "Windows", "deep": { "x": 1 } },
        { "name": "c\nd", "more": ["e", "f"] },
    ] });
    scope.results.to_mut().insert(quell_playbook::model::StepId("who".into()), StepResult::done(found));
    Template::parse(template, format).unwrap().fill(&scope).unwrap()
}

#[test]
fn a_table_is_written_for_its_destination_and_escaped() {
    let plain = filled("{{ who.all | table(\"name, os\") }}", TextFormat::Plain);
    assert_eq!(plain, "name          os\na|b <script>  Windows\nc d\n");
    let html = filled("<b>x</b>{{ who.all | table(\"name\") }}", TextFormat::Html);
    assert_eq!(
        html,
        "<b>x</b><table><tr><th>name</th></tr><tr><td>a|b &lt;script&gt;</td></tr><tr><td>c d</td></tr></table>"
    );
    let markdown = filled("{{ who.all | table(\"name, more\") }}", TextFormat::Markdown);
    assert_eq!(markdown, "| name | more |\n| --- | --- |\n| a\\|b &lt;script&gt; |  |\n| c d | e, f |\n");
    let inside = filled("{\"t\": \"{{ who.all | table('name') }}\"}", TextFormat::Json);
    let read: serde_json::Value = serde_json::from_str(&inside).unwrap();
    assert_eq!(read["t"], "name\na|b <script>\nc d\n");
}

#[test]
fn without_columns_those_of_the_members_are_taken() {
    let plain = filled("{{ who.all | table }}", TextFormat::Plain);
    let head = plain.lines().next().unwrap();
    for column in ["name", "os", "deep", "more"] {
        assert!(head.contains(column), "{head}");
    }
    let texts = filled("{{ alert.techniques | table }}", TextFormat::Plain);
    assert_eq!(texts.lines().count(), alert().techniques.len());
}

#[test]
fn one_field_of_each_member_is_joined_as_any_list() {
    assert_eq!(
        filled("{{ who.all | map('name') | join(' / ') | upper }}", TextFormat::Plain),
        "A|B <SCRIPT> / C\nD"
    );
    assert_eq!(filled("{{ who.all | map('deep.x') }}", TextFormat::Plain), "1");
    let devices = filled("{{ alert.devices | map('dns_name') | join }}", TextFormat::Plain);
    for device in &alert().entities.devices {
        assert!(devices.contains(device.dns_name().unwrap_or_default()), "{devices}");
    }
    assert_eq!(filled("{{ who.none | default('nobody') }}", TextFormat::Plain), "nobody");
    assert_eq!(filled("{{ alert.kept.ticket | default('none') }}", TextFormat::Plain), "none");
}

fn loaded(text: &str) -> Result<Arc<Playbook>, Vec<String>> {
    let file = SourceFile { name: "paths.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(&[file], &known(), &Surroundings::default());
    match loaded.is_usable() {
        true => Ok(Arc::clone(&loaded.playbooks[0])),
        false => Err(loaded.diagnostics.into_iter().map(|one| one.message).collect()),
    }
}

#[test]
fn what_has_no_such_column_is_refused() {
    let text = |filters: &str| {
        format!(
            "language: 1\nplaybook: paths\ntitle: x\nwhen: {{ alert: {{ all: [{{ alert.title: {{ exists: true }} }}] }} }}\nsteps:\n  - stop: {{ outcome: '{{{{ alert.accounts | {filters} }}}}' }}\n"
        )
    };
    for (filters, says) in [
        ("table(\"nam\")", "accounts of an alert have no field `nam`"),
        ("map(\"upnn\") | join", "accounts of an alert have no field `upnn`"),
        ("table(\"name\") | upper", "no filter comes after it"),
        ("map", "needs an argument"),
        ("tabel", "there is no filter `tabel`"),
    ] {
        let said = loaded(&text(filters)).unwrap_err();
        assert!(said.iter().any(|one| one.contains(says)), "{filters}: {said:?}");
    }
    loaded(&text("table(\"name, upn, sid, groups\")")).unwrap();
}

/// What a playbook that goes through what a path finds does for the sample alert.
fn gone_through(each: &str, step: &str, expect: &str) -> Vec<String> {
    let text = format!(
        "language: 1\nplaybook: paths\ntitle: x\nmode: act\nwhen: {{ alert: {{ all: [{{ alert.title: {{ exists: true }} }}] }} }}\nfor_each:\n  {each}\nsteps:\n  - {step}\n"
    );
    played(&text, expect)
}

fn played(text: &str, expect: &str) -> Vec<String> {
    let playbook = loaded(text).unwrap();
    let test = format!(
        "language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n    lists: {{ seen: [] }}\n    expect: {expect}\n"
    );
    let test = read("paths.test.yaml", test.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(crate::rehearsed::alert(&test), &playbook, &[], &known()).unwrap();
    played.differences.iter().map(|one| format!("{one:?}")).collect()
}

#[test]
fn a_path_chooses_among_what_the_alert_names() {
    let none: Vec<String> = Vec::new();
    let disable = "do: account.disable";
    let bob = "{ actions: [account.disable of bob] }";
    for from in ["$.Entities[?@.Type == 'account']", "$.Entities[0]", "$.Entities[0].Sid"] {
        assert_eq!(gone_through(&format!("account: {{ from: \"{from}\" }}"), disable, bob), none, "{from}");
    }
    // What is no account of the alert is nobody, and said to be left out.
    let nobody =
        "{ actions: none, skipped: [{ who: High, because: where, says: nothing that the alert names }] }";
    assert_eq!(gone_through("account: { from: $.AlertSeverity }", disable, nobody), none);
    let within = "language: 1\nplaybook: paths\ntitle: x\nmode: act\nwhen: { alert: { all: [{ alert.title: { exists: true } }] } }\nsteps:\n  - for_each: { account: { from: $.AlertSeverity } }\n    steps:\n      - do: account.disable\n";
    assert_eq!(played(within, nobody), none);
    let note = "do: list.add\n    with: { list: seen, value: \"{{ ip.address }}\" }";
    for from in ["$.Entities[?@.Type == 'ip'].Address", "$.Entities[*].Address"] {
        let expect = "{ actions: [\"list.add of seen: 10.1.5.21\"] }";
        assert_eq!(gone_through(&format!("ip: {{ from: \"{from}\" }}"), note, expect), none, "{from}");
    }
}

#[test]
fn a_path_may_give_addresses_and_links_that_the_alert_does_not_list() {
    let step = "do: list.add\n    with: { list: seen, value: \"{{ domain.name }}\" }";
    let found = gone_through(
        "domain: { from: \"$.Entities[?@.Type == 'host'].DnsDomain\" }",
        step,
        "{ actions: [\"list.add of seen: contoso.example\"] }",
    );
    assert_eq!(found, Vec::<String>::new());
}
