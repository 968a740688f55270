//! A device that two systems know: what either of them says of it, or the alert, protects it, whichever is acted on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use quell_action::exclusion::{Entry as Exclusion, Excludes};
use quell_action::{
    AccountFacts, AccountKey, ActionError, Connection, DeviceFacts, DeviceKey, Directory, ExclusionList,
    Failure, GroupFacts, LookUp, Protected, Registry, Subject,
};
use quell_alert::{Alert, DeviceIdentifier, Identifier, Provider};
use quell_playbook::model::{Counted, Per};
use quell_run::{CounterName, Hands};
use quell_tests::run::{CallKind, Fault, House, MDE, Person, device_alert, entry, in_time};

const ISOLATE: &str = "language: 1\nplaybook: isolate\ntitle: Isolate\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: medium }\nfor_each: device\nsteps:\n  - do: device.isolate\n";

/// Another system, which knows devices and can do nothing to them.
pub(crate) struct Second {
    answer: Result<LookUp<DeviceFacts>, ActionError>,
    /// The name by which it knows the device, and by no other; `None` where any will do.
    knows: Option<DeviceIdentifier>,
    /// Whether it sees the machine, and not its account alone.
    sees: bool,
}

impl Second {
    pub(crate) fn saying(answer: Result<LookUp<DeviceFacts>, ActionError>) -> Self {
        Self { answer, knows: None, sees: true }
    }
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

    fn sees_machines(&self) -> bool {
        self.sees
    }

    async fn account(&self, _: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }

    async fn device(&self, names: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        match self.knows.as_ref().is_none_or(|name| names.contains(name)) {
            true => self.answer.clone(),
            false => Ok(LookUp::NotFound),
        }
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

/// The account of the device in a directory, in this group.
fn computer(facts: &DeviceFacts, group: Option<&str>) -> AccountFacts {
    let DeviceKey { provider, realm, id } = facts.key.clone();
    let named = |name: &str| vec![GroupFacts { identifiers: Vec::new(), name: Some(name.to_owned()) }];
    AccountFacts {
        key: AccountKey { provider, realm, id },
        display: facts.display.clone(),
        identifiers: vec![Identifier::Sam { domain: "contoso".into(), name: "wks-1$".into() }],
        groups: group.map(named),
        privileged: Some(false),
        enabled: Some(true),
        protected: None,
        read_at: facts.read_at,
    }
}

/// Whether the device is isolated, where the other system says this and the list has this entry.
async fn isolated(house: &House, alert: Arc<Alert>, answer: LookUp<DeviceFacts>) -> bool {
    isolated_beside(house, alert, Second::saying(Ok(answer))).await
}

/// Both systems.
fn both(house: &House, second: Second) -> Registry {
    let first = house.vendor.connection();
    let second = Connection {
        name: "second".into(),
        actions: Vec::new(),
        directories: vec![Arc::new(second) as Arc<dyn Directory>],
        carrier: None,
        probe: Arc::clone(&first.probe),
    };
    Registry::new(&[first, second]).unwrap()
}

async fn isolated_beside(house: &House, alert: Arc<Alert>, second: Second) -> bool {
    let registry = both(house, second);
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
        (
            "a group of its account",
            Some(Excludes::Group { identifiers: Vec::new(), names: vec!["tier 0".into()] }),
            |facts| facts.account = Some(Box::new(computer(facts, Some("Tier 0")))),
            false,
        ),
        (
            "another group of its account",
            Some(Excludes::Group { identifiers: Vec::new(), names: vec!["tier 0".into()] }),
            |facts| facts.account = Some(Box::new(computer(facts, Some("Tier 1")))),
            true,
        ),
        (
            "groups of its account that cannot be read",
            Some(Excludes::Group { identifiers: Vec::new(), names: vec!["tier 0".into()] }),
            |facts| facts.account = Some(Box::new(computer(facts, None))),
            false,
        ),
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

/// The alert has the id at one system; the other knows the machine by the name that the first has for it.
#[tokio::test(start_paused = true)]
async fn what_a_system_says_that_knows_another_name_of_it_counts_too() {
    let in_dns = || DeviceIdentifier::DnsName("wks-1.contoso.example".into());
    let by_name = |answer| Second { knows: Some(in_dns()), ..Second::saying(answer) };
    let tier_0 = || Some(Excludes::Group { identifiers: Vec::new(), names: vec!["tier 0".into()] });
    let alert = || device_alert("a-1", "wks-1");
    for (group, expected) in [(Some("Tier 1"), true), (Some("Tier 0"), false), (None, false)] {
        let house = house(tier_0());
        let mut facts = harmless(&house);
        facts.account = Some(Box::new(computer(&facts, group)));
        let second = by_name(Ok(LookUp::Found(facts)));
        assert_eq!(isolated_beside(&house, alert(), second).await, expected, "{group:?}");
    }
    let mut controller = harmless(&house(None));
    controller.protected = Some(Protected::DomainController);
    for answer in [
        Ok(LookUp::Found(controller)),
        Ok(LookUp::Ambiguous("two of that name".into())),
        Err(ActionError::unavailable("it is away")),
    ] {
        let mut house = house(None);
        house.settings.patience = std::time::Duration::from_secs(60);
        assert!(!isolated_beside(&house, alert(), by_name(answer.clone())).await, "{answer:?}");
    }
}

/// A name that is not the alert's own protects, and is no reason to act.
#[tokio::test(start_paused = true)]
async fn nothing_is_done_where_only_another_name_of_it_is_known() {
    let house = house(None);
    let (dns, id) = (DeviceIdentifier::DnsName("wks-1.contoso.example".into()), "wks-1".to_owned());
    for (knows, expected) in [(dns, 1), (DeviceIdentifier::MdeId(id.clone()), 2)] {
        let answer = Ok(LookUp::Found(harmless(&house)));
        let second = Second { knows: Some(knows), ..Second::saying(answer) };
        let engine = house.engine_with(Hands::acting(both(&house, second)));
        let identified = engine.identify_device(vec![DeviceIdentifier::MdeId(id.clone())]).await;
        assert_eq!(identified.subjects.len(), expected, "{identified:?}");
    }
}

/// A directory of accounts keeps no tags and no addresses: those are what the system says that sees the machine.
#[tokio::test(start_paused = true)]
async fn who_keeps_the_account_takes_tags_from_who_sees_the_machine() {
    let house = house(None);
    for (sees, expected) in [(false, Some(Vec::new())), (true, None)] {
        let facts = DeviceFacts { tags: None, ..harmless(&house) };
        let second = Second { sees, ..Second::saying(Ok(LookUp::Found(facts))) };
        let engine = house.engine_with(Hands::acting(both(&house, second)));
        let identified = engine.identify_device(vec![DeviceIdentifier::MdeId("wks-1".into())]).await;
        let found = identified.subjects.iter().find_map(|subject| match subject {
            Subject::Device(device) if device.key.provider == "second".into() => Some(device),
            _ => None,
        });
        assert_eq!(found.unwrap().tags, expected, "{identified:?}");
    }
}

/// The system that is to act does not know the device any more, or cannot be asked; the other one goes on knowing it.
#[tokio::test(start_paused = true)]
async fn what_another_system_knows_is_no_reason_to_act_where_it_is_not_known() {
    for (failure, acts) in [(Failure::NotFound, false), (Failure::Unavailable { retry_after: None }, true)] {
        let house = house(None);
        let asked = AtomicUsize::new(0);
        house.vendor.script(move |call| {
            let again = call.provider == MDE && call.kind == CallKind::LookUp;
            (again && (1..4).contains(&asked.fetch_add(1, Ordering::SeqCst))).then_some(Fault::Fails(failure))
        });
        let known = LookUp::Found(harmless(&house));
        let is_isolated = isolated(&house, device_alert("a-1", "wks-1"), known).await;
        assert_eq!(is_isolated, acts, "who is away for a while is waited for");
    }
}

/// Two machines may bear one name after the other; a limit counts them by what stays with them for life.
#[tokio::test(start_paused = true)]
async fn a_limit_counts_a_machine_by_no_name_that_another_may_get() {
    let house = house(None);
    let known = LookUp::Found(harmless(&house));
    assert!(isolated(&house, device_alert("a-1", "wks-1"), known).await);
    let tallies = house.journal.runs().tallies();
    let site = &tallies[&CounterName::Site(Counted::Devices)];
    let keys: Vec<String> = site
        .counted(Per::Hour, house.clock_now())
        .into_iter()
        .flat_map(|touch| touch.member.keys.clone())
        .collect();
    assert!(keys.iter().any(|key| key.contains("wks-1")), "{keys:?}");
    assert!(!keys.iter().any(|key| key.contains("wks-1.contoso.example")), "{keys:?}");
}
