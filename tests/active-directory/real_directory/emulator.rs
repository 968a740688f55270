//! The real controller says which one is the PDC emulator, and that one is told first, whatever the order of the settings.

use quell_action::Failure;
use quell_tests::environment::control;
use serde_json::json;

use super::people::Admin;
use super::proxy::{Proxy, Way};
use super::{connect, execute, find, observe, target, undo, variable};

const CTL: &str = "QUELL_TEST_AD_CTL";

/// A domain of this test's own: what it changes there would mislead everybody else.
struct OwnDomain {
    folder: String,
    url: String,
    authority: String,
}

impl OwnDomain {
    fn start() -> Self {
        let folder = format!("{}/samba-emulator", variable("QUELL_TEST_PRIVATE"));
        let started = control(CTL, &["start", &folder]);
        let value = |name: &str| {
            let line = started.lines().find_map(|line| line.strip_prefix(&format!("{name}='")));
            line.and_then(|rest| rest.strip_suffix('\'')).unwrap_or_else(|| panic!("no {name}")).to_owned()
        };
        Self { url: value("AD_URL"), authority: value("AD_CA"), folder }
    }
}

impl Drop for OwnDomain {
    fn drop(&mut self) {
        control(CTL, &["stop", &self.folder]);
    }
}

#[tokio::test]
async fn the_probe_names_the_emulator() {
    let report = connect(json!({})).await.probe.probe().await;
    let expected = format!("dc1.{0} ({0}, PDC emulator)", variable("QUELL_TEST_AD_DOMAIN"));
    assert_eq!(report.system.as_deref(), Some(&*expected), "{:?}", report.problems);
}

#[tokio::test]
async fn the_emulator_is_told_though_another_one_is_named_first() {
    let domain = OwnDomain::start();
    let mut admin = Admin::at(&domain.url, &domain.authority).await;
    let person = admin.person("q-pdc").await;
    // Two ways to the same controller, told apart by the name in the address; the role is said to be with the second.
    admin.name_controller("DC1", "localhost").await;
    let first = Proxy::to(&domain.url).await;
    let second = Proxy::to(&domain.url).await;
    let connection = connect(json!({
        "servers": [first.url, second.url.replace("127.0.0.1", "localhost")],
        "ca_file": domain.authority,
        "operation_timeout_secs": 2,
    }))
    .await;
    let person_there = target(&connection, &person.upn).await;
    assert_eq!(second.requests(), 0, "looking up keeps to the order of the settings");

    let disabled = execute(&connection, "account.disable", &person_there, json!({})).await.unwrap();
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
    assert!(second.requests() > 0, "the emulator was not told");
    let (before, there) = (first.requests(), second.requests());
    undo(&connection, "account.disable", &person_there, &disabled).await.unwrap();
    observe(&connection, "account.disable", &person_there).await;
    assert_eq!(admin.get(&person, "userAccountControl").await, "512");
    assert_eq!(first.requests(), before, "once the role is known, nobody else is asked");
    assert!(second.requests() > there);

    // The emulator is gone: the order of the settings is what is left.
    second.set(Way::HoldAfter(0));
    execute(&connection, "account.disable", &person_there, json!({})).await.unwrap();
    assert_eq!(admin.get(&person, "userAccountControl").await, "514");
    assert!(first.requests() > before);
    first.set(Way::HoldAfter(0));
    let error = execute(&connection, "account.enable", &person_there, json!({})).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
    let name = quell_alert::Identifier::upn(&person.upn).unwrap();
    first.set(Way::Open);
    assert_eq!(find(&connection, name).await.enabled, Some(false));
}
