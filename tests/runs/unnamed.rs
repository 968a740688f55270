//! Calls that name nobody, and may take something away all the same: a script, a foreign interface. Whoever their lane is
//! about is asked of the exclusion list; what they do beyond that is known to their author only.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::exclusion::{Entry, Excludes, Reason};
use quell_action::{
    Action, ActionError, ActionSpec, Connection, Directory, Failure, Impact, LookUp, Outcome, Registry,
    Repeat, Request, State, Target, TargetKind, bind,
};
use quell_alert::{Alert, DeviceIdentifier, Identifier};
use quell_playbook::model::Playbook;
use quell_run::{Engine, Finish, Hands, Phase, Plan, RunState};
use quell_tests::run::{
    CallKind, Fault, House, OKTA, Person, account, alert, alert_about, device_alert, entry, in_time, list,
    settle_down,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::devices::Second;

/// What arrived.
type Arrived = Mutex<Vec<String>>;

struct Hook;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Parameters {
    /// What is said.
    text: String,
    /// Whether it only reads.
    #[serde(default)]
    reads: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Nothing {}

impl Action for Hook {
    const SPEC: ActionSpec = ActionSpec {
        name: "hook.call",
        provider: "hook",
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Never,
        readable: false,
        permissions: &[],
        summary: "For tests.",
        vendor_page: "",
    };
    type Params = Parameters;
    type Output = Nothing;
    type Client = Arrived;

    const MAY_DISRUPT: bool = true;

    fn disrupts(params: &Parameters) -> bool {
        !params.reads
    }

    async fn execute(
        client: &Arrived,
        request: &Request<Parameters>,
    ) -> Result<Outcome<Nothing>, ActionError> {
        assert_eq!(*request.target(), Target::None);
        client.lock().push(request.params().text.clone());
        Ok(Outcome::changed(State::default(), State::default(), Nothing {}))
    }
}

struct Site {
    house: House,
    arrived: Arc<Arrived>,
    registry: Registry,
    engine: Engine,
}

impl Site {
    fn new(people: &[&Person]) -> Self {
        Self::with(House::new().with(people.iter().copied()), true)
    }

    fn with(house: House, knows_anybody: bool) -> Self {
        Self::beside(house, knows_anybody, Vec::new())
    }

    /// One with more systems that know devices.
    fn beside(house: House, knows_anybody: bool, others: Vec<Arc<dyn Directory>>) -> Self {
        house.vendor.enrol("wks-1");
        let arrived: Arc<Arrived> = Arc::default();
        let mut vendor = house.vendor.connection();
        if !knows_anybody {
            vendor.directories.clear();
        }
        vendor.directories.extend(others);
        let connection = Connection { actions: vec![bind::<Hook>(Arc::clone(&arrived))], ..vendor };
        let registry = Registry::new(&[connection]).unwrap();
        let engine = house.engine_with(Hands::acting(registry.clone()));
        Self { house, arrived, registry, engine }
    }

    fn playbook(&self, rest: &str) -> Arc<Playbook> {
        let yaml = format!(
            "language: 1\nplaybook: hook\ntitle: Hook\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: medium }}\n{rest}"
        );
        self.house.playbook_of(&yaml, &self.registry.catalogue())
    }

    async fn start(&self, alert: &Arc<Alert>, playbook: &Arc<Playbook>) -> Plan {
        let plan = self.house.plan(alert, playbook);
        self.engine.start(plan.clone(), Arc::clone(playbook)).await.unwrap();
        plan
    }

    async fn run(&self, alert: &Arc<Alert>, rest: &str) -> RunState {
        let plan = self.start(alert, &self.playbook(rest)).await;
        in_time(self.engine.idle()).await;
        self.house.state(&plan.run).await
    }

    fn calls(&self) -> usize {
        self.arrived.lock().len()
    }
}

const EACH_ACCOUNT: &str = "for_each: account\nsteps:\n  - do: hook.call\n    with: { text: x }\n";
const EACH_DEVICE: &str = "for_each: device\nsteps:\n  - do: hook.call\n    with: { text: x }\n";

fn no_device(excludes: Excludes) -> Entry {
    Entry { excludes, ..entry(7, Identifier::Name("nobody".into())) }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_excluded_is_left_alone_under_any_name() {
    let alice = Person::new("alice");
    for name in [alice.sid(), alice.upn(), alice.login(), alice.entra_id(), alice.anchor()] {
        let site = Site::new(&[&alice]);
        site.house.exclude(std::slice::from_ref(&name));
        let state = site.run(&alert_about("a-1", &[&alice]), EACH_ACCOUNT).await;
        assert_eq!(site.calls(), 0, "{name}");
        assert_eq!(state.finish(), Some(Finish::Excluded), "{name}");
        let task = state.tasks().next().unwrap();
        let because = task.excluded.as_ref().map(|excluded| &excluded.reason);
        assert!(matches!(because, Some(Reason::Listed { .. })), "{because:?}");
    }
    let site = Site::new(&[&alice]);
    site.house.exclude(&[Person::new("bob").upn()]);
    let state = site.run(&alert_about("a-1", &[&alice]), EACH_ACCOUNT).await;
    assert_eq!((site.calls(), state.finish()), (1, Some(Finish::Contained)), "nobody is excluded");
}

/// What was said a moment ago clears nobody here either.
#[tokio::test(start_paused = true)]
async fn whoever_the_lane_is_about_is_asked_about_anew_before_the_call() {
    let alice = Person::new("alice");
    let mut house = House::new().with([&alice]);
    house.settings.remember_for = Duration::from_secs(3600);
    let site = Site::with(house, true);
    let looked_up = || site.house.vendor.calls().iter().filter(|call| call.kind == CallKind::LookUp).count();
    site.run(&alert_about("a-1", &[&alice]), EACH_ACCOUNT).await;
    let before = looked_up();
    site.run(&alert_about("a-2", &[&alice]), EACH_ACCOUNT).await;
    assert_eq!(site.calls(), 2);
    assert!(looked_up() >= before + 3, "every directory is asked once more");
    site.run(&device_alert("a-3", "wks-1"), EACH_DEVICE).await;
    let before = looked_up();
    site.run(&device_alert("a-4", "wks-1"), EACH_DEVICE).await;
    assert_eq!((site.calls(), looked_up()), (4, before + 1), "and every system that knows devices");
}

/// What only reads, and what its author calls informing, goes on: a message about an excluded person is a message.
#[tokio::test(start_paused = true)]
async fn what_takes_nothing_away_goes_on() {
    let alice = Person::new("alice");
    for (rest, calls) in [
        (EACH_ACCOUNT.to_owned(), 0),
        (EACH_ACCOUNT.replace("text: x", "text: x, reads: true"), 1),
        (format!("{EACH_ACCOUNT}    impact: informing\n"), 1),
        // In no lane of anybody's there is nobody to ask about.
        ("steps:\n  - do: hook.call\n    with: { text: x }\n".to_owned(), 1),
    ] {
        let site = Site::new(&[&alice]);
        site.house.exclude(&[alice.upn()]);
        site.run(&alert_about("a-1", &[&alice]), &rest).await;
        assert_eq!(site.calls(), calls, "{rest}");
    }
}

/// In a lane about a device within one about an account, it is about both.
#[tokio::test(start_paused = true)]
async fn all_lanes_around_it_count() {
    let alice = Person::new("alice");
    let both = "for_each: account\nsteps:\n  - for_each: { device: {} }\n    steps:\n      - do: hook.call\n        with: { text: x }\n";
    let device = || Excludes::Device(vec![DeviceIdentifier::MdeId("wks-1".into())]);
    for (entries, calls) in [
        (vec![], 1),
        (vec![entry(1, alice.upn())], 0),
        (vec![no_device(device())], 0),
        (vec![entry(1, Person::new("bob").upn())], 1),
    ] {
        let site = Site::new(&[&alice]);
        site.house.exclusions.replace(list(entries.clone()));
        let mut about = Alert::clone(&device_alert("a-1", "wks-1"));
        about.entities.accounts = vec![account(&[alice.sid()])];
        site.run(&Arc::new(about), both).await;
        assert_eq!(site.calls(), calls, "{entries:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_never_acts() {
    let alice = Person::new("alice");
    // A directory is away for three hours.
    let site = Site::new(&[&alice]);
    let (clock, back) = (site.house.clock.clone(), quell_tests::run::dawn() + chrono::Duration::hours(3));
    site.house.vendor.script(move |call| {
        let away = call.kind == CallKind::LookUp && call.provider == OKTA;
        (away && quell_run::Clock::now(&clock) < back)
            .then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let state = site.run(&alert_about("a-1", &[&alice]), EACH_ACCOUNT).await;
    assert_eq!((site.calls(), state.finish()), (1, Some(Finish::Contained)));
    assert!(site.house.clock_now() >= back, "it waited");

    // Nobody has the name, or two people have it.
    let stranger = alert("a-2", vec![account(&[Person::new("nobody").sid()])]);
    let state = site.run(&stranger, EACH_ACCOUNT).await;
    assert_eq!((site.calls(), state.tasks().next().unwrap().phase), (1, Phase::Failed));
    let two = Site::new(&[&alice, &alice]);
    two.run(&alert("a-3", vec![account(&[alice.upn()])]), EACH_ACCOUNT).await;
    assert_eq!(two.calls(), 0);
}

/// A system that might know the device says nothing, or knows nothing of it: the alert's names alone clear nothing then.
#[tokio::test(start_paused = true)]
async fn a_device_of_which_a_system_does_not_tell_is_left_alone() {
    let away = || Err(ActionError::unavailable("it is away"));
    for (answer, name, calls) in
        [(Ok(LookUp::NotFound), "wks-1", 1), (away(), "wks-1", 0), (Ok(LookUp::NotFound), "wks-9", 0)]
    {
        let mut house = House::new();
        house.settings.patience = Duration::from_secs(60);
        let site = Site::beside(house, true, vec![Arc::new(Second::saying(answer))]);
        let state = site.run(&device_alert("a-1", name), EACH_DEVICE).await;
        assert_eq!(site.calls(), calls, "{name}: {:?}", state.finish());
    }
}

/// Where no system is connected that knows devices, the list is asked about the names that the alert has.
#[tokio::test(start_paused = true)]
async fn a_device_that_no_system_could_know_has_the_names_of_the_alert() {
    let named = |name: &str| no_device(Excludes::Device(vec![DeviceIdentifier::MdeId(name.into())]));
    for (entries, calls) in [
        (vec![], 1),
        (vec![named("wks-1")], 0),
        (vec![named("wks-2")], 1),
        (vec![no_device(Excludes::DeviceTag("do-not-isolate".into()))], 0),
        (vec![no_device(Excludes::Address("10.0.0.0/8".parse().unwrap()))], 0),
    ] {
        let mut site = Site::with(House::new(), false);
        site.house.settings.patience = Duration::from_secs(60);
        site.engine = site.house.engine_with(Hands::acting(site.registry.clone()));
        site.house.exclusions.replace(list(entries.clone()));
        site.run(&device_alert("a-1", "wks-1"), EACH_DEVICE).await;
        assert_eq!(site.calls(), calls, "{entries:?}");
    }
    // An account without any directory could be anybody.
    let site = Site::with(House::new(), false);
    site.run(&alert_about("a-1", &[&Person::new("alice")]), EACH_ACCOUNT).await;
    assert_eq!(site.calls(), 0);
}

/// A pause holds it back, and a limit counts whom it is about.
#[tokio::test(start_paused = true)]
async fn pauses_and_limits_hold_for_it() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let site = Site::new(&[&alice, &bob]);
    let limited = format!("limits: {{ accounts: {{ per_run: 1 }}, if_over: stop }}\n{EACH_ACCOUNT}");
    let state = site.run(&alert_about("a-1", &[&alice, &bob]), &limited).await;
    assert_eq!(site.calls(), 1);
    assert_eq!(state.tasks().filter(|task| task.phase == Phase::Dropped).count(), 1);

    let site = Site::new(&[&alice]);
    site.house.brake.set(true);
    let plan = site.start(&alert_about("a-2", &[&alice]), &site.playbook(EACH_ACCOUNT)).await;
    settle_down().await;
    assert_eq!(site.calls(), 0, "the engine is paused");
    site.house.brake.set(false);
    in_time(site.engine.idle()).await;
    assert_eq!((site.calls(), site.house.state(&plan.run).await.finish()), (1, Some(Finish::Contained)));
}
