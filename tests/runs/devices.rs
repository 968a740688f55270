//! A device that two systems know: what either of them says of it, or the alert, protects it, whichever is acted on.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use quell_action::exclusion::{Entry as Exclusion, Excludes};
use quell_action::{
    AccountFacts, ActionError, Connection, DeviceFacts, DeviceKey, Directory, ExclusionList, LookUp,
    Protected, Registry,
};
use quell_alert::{Alert, DeviceIdentifier, Identifier, Provider};
use quell_run::Hands;
use quell_tests::run::{CallKind, House, Person, device_alert, entry, in_time};

const ISOLATE: &str = "language: 1\nplaybook: isolate\ntitle: Isolate\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: medium }\nfor_each: device\nsteps:\n  - do: device.isolate\n";

/// Another system, which knows devices and can do nothing to them.
pub(crate) struct Second {
    pub(crate) answer: Result<LookUp<DeviceFacts>, ActionError>,
}

#[async_trait]
impl Directory for Second {
    fn provider(&self) -> Provider {
        "second".into()
    }

    fn knows_accounts(&self) -> bool {
        false
    }

    fn knows_devices(&self) -> bool {
        true
    }

    async fn account(&self, _: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        self.answer.clone()
    }
}

fn of_the_lab() -> DeviceIdentifier {
    DeviceIdentifier::EntraDeviceId("0b1c6d5e-8d5a-4f8e-9f43-111111111111".into())
}

/// The device as the other system has it, with nothing against it.
fn harmless(house: &House) -> DeviceFacts {
    DeviceFacts {
        key: DeviceKey { provider: "second".into(), realm: "contoso".into(), id: "w1".into() },
        display: "wks-1".into(),
        identifiers: vec![DeviceIdentifier::MdeId("wks-1".into()), of_the_lab()],
        tags: Some(Vec::new()),
        addresses: Some(Vec::new()),
        account: None,
        protected: None,
        read_at: house.clock_now(),
    }
}

/// Whether the device is isolated, where the other system says this and the list has this entry.
async fn isolated(house: &House, alert: Arc<Alert>, answer: LookUp<DeviceFacts>) -> bool {
    let first = house.vendor.connection();
    let second = Connection {
        name: "second".into(),
        actions: Vec::new(),
        directories: vec![Arc::new(Second { answer: Ok(answer) }) as Arc<dyn Directory>],
        carrier: None,
        probe: Arc::clone(&first.probe),
    };
    let registry = Registry::new(&[first, second]).unwrap();
    let playbook = house.playbook_of(ISOLATE, &registry.catalogue());
    let plan = house.plan(&alert, &playbook);
    let engine = house.engine_with(Hands::acting(registry));
    engine.start(plan, playbook).await.unwrap();
    in_time(engine.idle()).await;
    house.vendor.calls().iter().any(|call| call.kind == CallKind::Execute)
}

fn house(excludes: Option<Excludes>) -> House {
    let house = House::new();
    house.vendor.enrol("wks-1");
    let nobody = || entry(0, Person::new("nobody").upn());
    let entries = excludes.map(|excludes| Exclusion { excludes, ..nobody() }).into_iter().collect();
    house.exclusions.replace(ExclusionList::new(entries, BTreeSet::new(), chrono::Duration::hours(1)));
    house
}

#[tokio::test(start_paused = true)]
async fn what_the_other_system_says_against_it_counts() {
    type Change = fn(&mut DeviceFacts);
    let tagged = || Some(Excludes::DeviceTag("crown jewel".into()));
    let in_the_lab = || Some(Excludes::Address("10.1.0.0/16".parse().unwrap()));
    let by_its_id = || Some(Excludes::Device(vec![of_the_lab()]));
    let cases: Vec<(&str, Option<Excludes>, Change, bool)> = vec![
        ("nothing", None, |_| {}, true),
        ("another tag", tagged(), |facts| facts.tags = Some(vec!["kiosk".into()]), true),
        ("a tag", tagged(), |facts| facts.tags = Some(vec!["Crown Jewel".into()]), false),
        (
            "an address",
            in_the_lab(),
            |facts| facts.addresses = Some(vec!["10.1.2.3".parse().unwrap()]),
            false,
        ),
        ("an id", by_its_id(), |_| {}, false),
        ("a role", None, |facts| facts.protected = Some(Protected::DomainController), false),
        ("long ago", None, |facts| facts.read_at -= chrono::Duration::hours(2), false),
        (
            "somebody else",
            None,
            |facts| {
                facts.identifiers = vec![DeviceIdentifier::MdeId("wks-2".into()), of_the_lab()];
            },
            false,
        ),
    ];
    for (what, excludes, change, expected) in cases {
        let house = house(excludes);
        let mut facts = harmless(&house);
        change(&mut facts);
        let is_isolated = isolated(&house, device_alert("a-1", "wks-1"), LookUp::Found(facts)).await;
        assert_eq!(is_isolated, expected, "{what}");
    }
    let ambiguous = LookUp::Ambiguous("two of that name".into());
    assert!(!isolated(&house(None), device_alert("a-1", "wks-1"), ambiguous).await);
}

/// No system has this name of it; the list does.
#[tokio::test(start_paused = true)]
async fn a_name_that_only_the_alert_has_counts() {
    let name = DeviceIdentifier::HostName("finance-pc".into());
    for (excludes, expected) in [(None, true), (Some(Excludes::Device(vec![name.clone()])), false)] {
        let house = house(excludes);
        let mut alert = Alert::clone(&device_alert("a-1", "wks-1"));
        alert.entities.devices[0].identifiers.push(name.clone());
        let facts = harmless(&house);
        assert_eq!(isolated(&house, Arc::new(alert), LookUp::Found(facts)).await, expected);
    }
}

/// Two machines may have the same host name: nobody is asked for it.
#[tokio::test(start_paused = true)]
async fn a_host_name_finds_nothing() {
    let house = house(None);
    let mut alert = Alert::clone(&device_alert("a-1", "wks-1"));
    alert.entities.devices[0].identifiers = vec![DeviceIdentifier::HostName("wks-1".into())];
    let facts = harmless(&house);
    assert!(!isolated(&house, Arc::new(alert), LookUp::Found(facts)).await);
    assert!(house.vendor.calls().is_empty(), "nobody was even asked");
}
