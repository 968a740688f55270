//! Any name of any linked account on the exclusion list protects all of them, whatever name the alert uses: with the lab,
//! whose directories know as many names as the real ones.

use std::sync::Arc;

use quell_action::exclusion::Reason;
use quell_action::{Connection, Impact, Registry, TargetKind};
use quell_alert::Identifier;
use quell_playbook::model::Playbook;
use quell_run::{Finish, Hands, Phase, RunState};
use quell_tests::run::{AD, ENTRA, House, OKTA, account, alert};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Alice of the lab, under every name that any of its directories gives her.
const NAMES: [(&str, &[&str]); 3] = [
    (
        AD,
        &[
            "sid:S-1-5-21-1004336348-1177238915-682003330-1104",
            "ad_guid:11111111-1111-4111-8111-000000001104",
            "immutable_id:EREREREREUGBEQAAAAARBA==",
            "upn:alice@contoso.example",
            r"sam:contoso\alice",
            r"sam:contoso.example\alice",
            "dn:cn=alice,ou=people,dc=contoso,dc=example",
        ],
    ),
    (
        ENTRA,
        &[
            "entra_id:a0000000-0000-4000-8000-000000001104",
            "sid:S-1-5-21-1004336348-1177238915-682003330-1104",
            "upn:alice@contoso.example",
            "mail:alice@contoso.example",
        ],
    ),
    (OKTA, &["okta_id:00u0000000000aliceXX", "login:alice@contoso.example", "mail:alice@contoso.example"]),
];

fn names() -> Vec<Identifier> {
    NAMES.iter().flat_map(|(_, names)| names.iter()).map(|name| name.parse().unwrap()).collect()
}

struct Site {
    folder: TempDir,
    house: House,
    connection: Connection,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = quell_connectors::find("lab").unwrap();
        let connection = lab.connect("lab", json!({ "folder": folder.path() })).await.unwrap();
        Self { folder, house: House::new(), connection }
    }

    fn registry(&self) -> Registry {
        Registry::new(std::slice::from_ref(&self.connection)).unwrap()
    }

    /// What a run about alice comes to, under this name.
    async fn run(&self, number: usize, playbook: &Arc<Playbook>, name: &Identifier) -> RunState {
        let engine = self.house.engine_with(Hands::acting(self.registry()));
        let alert = alert(&format!("a-{number}"), vec![account(std::slice::from_ref(name))]);
        let plan = self.house.plan(&alert, playbook);
        engine.start(plan.clone(), Arc::clone(playbook)).await.unwrap();
        engine.idle().await;
        self.house.state(&plan.run).await
    }

    /// What took effect in the lab.
    fn history(&self) -> Vec<Value> {
        let lab = std::fs::read(self.folder.path().join("lab.json")).unwrap();
        let lab: Value = serde_json::from_slice(&lab).unwrap();
        lab["history"].as_array().cloned().unwrap_or_default()
    }
}

fn playbook(site: &Site, steps: &str) -> Arc<Playbook> {
    let yaml = format!(
        "language: 1\nplaybook: everything\ntitle: Everything\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: medium }}\nfor_each: account\nsteps:\n{steps}"
    );
    site.house.playbook_of(&yaml, &site.registry().catalogue())
}

/// Every disruptive action on accounts that the lab offers, at every provider at once.
fn everything(site: &Site) -> String {
    let catalogue = site.registry().catalogue();
    let mut actions: Vec<&str> = catalogue
        .iter()
        .filter(|info| info.spec.target == TargetKind::Account && info.spec.impact == Impact::Disruptive)
        .map(|info| info.spec.name)
        .collect();
    actions.dedup();
    assert!(actions.len() > 8, "{actions:?}");
    let with = |action: &str| match action {
        "account.add_to_group" | "account.remove_from_group" => "    with: { group: Quarantine }\n",
        "account.set_risk" => "    with: { level: high }\n",
        _ => "",
    };
    actions
        .iter()
        .map(|action| format!("  - do: {action}\n{}    on_error: continue\n", with(action)))
        .collect()
}

#[tokio::test]
async fn any_name_on_the_list_stops_every_action_at_every_provider() {
    for name in names() {
        let site = Site::new().await;
        let playbook = playbook(&site, &everything(&site));
        site.house.exclude(std::slice::from_ref(&name));
        let state = site.run(0, &playbook, &names()[0]).await;
        assert!(state.tasks().count() > 15, "{name}: the steps came to nothing");
        for task in state.tasks() {
            let what = format!("{} at {} with {name} on the list", task.task.action, task.task.provider);
            assert_eq!(task.phase, Phase::Excluded, "{what}");
            let because = task.excluded.as_ref().map(|excluded| &excluded.reason);
            assert!(matches!(because, Some(Reason::Listed { .. })), "{what}: {because:?}");
        }
        assert_eq!(site.history(), Vec::<Value>::new(), "{name}");
    }
}

#[tokio::test]
async fn any_name_on_the_list_stops_any_name_in_the_alert() {
    let site = Site::new().await;
    let playbook = playbook(&site, "  - do: account.disable\n");
    for (listed, at) in names().iter().zip(0..) {
        site.house.exclude(std::slice::from_ref(listed));
        for (named, number) in names().iter().filter(|name| name.is_strong()).zip(0..) {
            let state = site.run(at * 100 + number, &playbook, named).await;
            assert_eq!(state.finish(), Some(Finish::Excluded), "{listed} on the list, {named} in the alert");
            assert_eq!(state.tasks().count(), 3, "{named} leads to all of the accounts");
        }
    }
    assert_eq!(site.history(), Vec::<Value>::new());
}

/// What the others would be worth if nothing ever happened here.
#[tokio::test]
async fn any_name_leads_to_all_accounts_of_somebody_who_is_not_on_the_list() {
    for named in names().iter().filter(|name| name.is_strong()) {
        let site = Site::new().await;
        let playbook = playbook(&site, "  - do: account.disable\n");
        site.house.exclude(&["upn:bob@contoso.example".parse().unwrap()]);
        let state = site.run(0, &playbook, named).await;
        assert_eq!(state.finish(), Some(Finish::Contained), "{named}");
        let mut at: Vec<String> = state.tasks().map(|task| task.task.provider.to_string()).collect();
        at.sort_unstable();
        assert_eq!(at, [AD, ENTRA, OKTA], "{named}");
        assert_eq!(site.history().len(), 3, "{named}");
    }
}
