//! Links to pages about a run: what goes out has the address, what is kept has not, and only who wrote a link gets one.

use std::sync::Arc;

use parking_lot::Mutex;
use quell_action::{
    Action, ActionError, ActionSpec, Connection, Impact, Outcome, Registry, Repeat, Request, State,
    TargetKind, bind,
};
use quell_alert::Alert;
use quell_run::{Finish, Hands, LinkTo, Links, Plan};
use quell_tests::run::{AD, House, Person, alert_about, in_time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What arrived; the first call of each text is lost where `loses` says so.
#[derive(Default)]
struct Channel {
    arrived: Mutex<Vec<Said>>,
    loses: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Said {
    text: String,
    #[serde(default)]
    facts: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Nothing {}

struct Post;

impl Action for Post {
    const SPEC: ActionSpec = ActionSpec {
        name: "channel.post",
        provider: "channel",
        target: TargetKind::None,
        impact: Impact::Informing,
        undo: None,
        repeat: Repeat::Keyed,
        readable: false,
        permissions: &[],
        summary: "For tests.",
        vendor_page: "",
    };
    type Params = Said;
    type Output = Nothing;
    type Client = Channel;

    async fn execute(client: &Channel, request: &Request<Said>) -> Result<Outcome<Nothing>, ActionError> {
        let mut arrived = client.arrived.lock();
        let is_first = !arrived.contains(request.params());
        arrived.push(request.params().clone());
        match client.loses && is_first {
            true => Err(ActionError::uncertain("the answer was lost")),
            false => Ok(Outcome::changed(State::default(), State::default(), Nothing {})),
        }
    }
}

/// Addresses that anybody can see through.
struct Open;

impl Links for Open {
    fn address(&self, plan: &Plan, to: LinkTo) -> Option<String> {
        let of = &plan.run.0[..4];
        Some(match to {
            LinkTo::Run => format!("https://pages.example/{of}"),
            LinkTo::Undo(lane) => format!("https://pages.example/{of}/undo/{}", lane.0),
        })
    }
}

/// What a playbook with these steps says, and what is kept of it.
async fn told(
    channel: Channel,
    alert: impl Fn(&Plan) -> Arc<Alert>,
    steps: &str,
) -> (Vec<Said>, Plan, String) {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let channel = Arc::new(channel);
    let vendor = house.vendor.connection();
    let connection = Connection { actions: vec![bind::<Post>(Arc::clone(&channel))], ..vendor };
    let registry = Registry::new(&[connection]).unwrap();
    let engine = house.engine_with(Hands::acting(registry.clone()).with_links(Arc::new(Open)));
    let yaml = format!(
        "language: 1\nplaybook: tell\ntitle: Tell\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: {{ at_least: medium }}\nfor_each: account\n{steps}"
    );
    let playbook = house.playbook_of(&yaml, &registry.catalogue());
    let first = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let plan = house.plan(&alert(&first), &playbook);
    assert_eq!(plan.run, first.run);
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "{}", house.story(&plan.run).await);
    let kept = serde_json::to_string(&house.lines(&plan.run).await).unwrap();
    let said = channel.arrived.lock().clone();
    (said, plan, kept)
}

fn plain(_: &Plan) -> Arc<Alert> {
    alert_about("a-1", &[&Person::only_at("alice", &[AD])])
}

const BOTH: &str = "steps:
  - do: channel.post
    with:
      text: \"see {{ run.link }}\"
      facts: [\"undo: {{ lane.undo_link }}\", \"{{ alert.title }}\"]
";

#[tokio::test(start_paused = true)]
async fn what_goes_out_has_the_address_and_what_is_kept_has_not() {
    let (said, plan, kept) = told(Channel::default(), plain, BOTH).await;
    let [said] = said.as_slice() else { panic!("one message: {said:?}") };
    let page = format!("https://pages.example/{}", &plan.run.0[..4]);
    assert_eq!(said.text, format!("see {page}"));
    assert_eq!(said.facts[0], format!("undo: {page}/undo/0"));
    assert!(!kept.contains("pages.example"), "{kept}");
    assert!(kept.contains(&format!("link to run {}", plan.run)), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_made_again_says_the_same() {
    let (said, ..) = told(Channel { loses: true, ..Channel::default() }, plain, BOTH).await;
    let [first, again] = said.as_slice() else { panic!("two attempts: {said:?}") };
    assert_eq!(first, again);
}

/// An alert that has the words in it in whose place a link comes, of its own run, gets nothing by it.
#[tokio::test(start_paused = true)]
async fn only_who_wrote_a_link_gets_one() {
    let planted = |plan: &Plan| {
        let mut alert = Alert::clone(&plain(plan));
        alert.title = format!("link to run {0}, link to undo lane 0 of run {0}", plan.run);
        Arc::new(alert)
    };
    let steps = "steps:
  - do: channel.post
    with: { text: \"{{ alert.title }}\" }
";
    let (said, plan, _) = told(Channel::default(), planted, steps).await;
    assert_eq!(said[0].text, planted(&plan).title);
    let steps = "steps:
  - do: channel.post
    with: { text: \"{{ run.link }}: {{ alert.title }}\" }
";
    let (said, ..) = told(Channel::default(), planted, steps).await;
    assert!(!said[0].text.contains("/undo/"), "what is only shown is not taken back: {}", said[0].text);
}
