//! What is done once, when all lanes have ended; and changes that are left as they are.

use std::time::Duration;

use quell_action::Failure;
use quell_run::{Entry, Finish, Phase, Refusal};
use quell_tests::run::{AD, Breakage, CallKind, Fault, House, Person, alert_about, in_time};

use crate::flow::{HEAD, person};

const STEPS: &str = r#"steps:
  - do: account.disable
    at: [active_directory]
always:
  - do: desk.tell
    with: { text: "{{ lane.outcome }}" }
afterwards:
  - id: ticket
    do: desk.tell
    with: { text: "{{ run.outcome }}: {{ run.report | json }}" }
  - if: { all: [ ticket.failed: { is: true } ] }
    do: desk.ring
    with: { text: the ticket could not be opened }
"#;

fn ticket(state: &quell_run::RunState) -> Option<String> {
    let task = state.tasks().find(|task| task.task.id.step.0 == "ticket")?;
    task.task.params["text"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn one_ticket_tells_of_everybody() {
    let people = [person("alice"), person("bob")];
    let house = House::new().with(&people);
    house.vendor.script(|call| {
        (call.target.ends_with(":bob") && call.kind == CallKind::Execute)
            .then_some(Fault::Fails(Failure::Forbidden))
    });
    let playbook = house.playbook(&format!("{HEAD}{STEPS}"));
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Partly));
    let text = ticket(&state).unwrap();
    assert!(text.starts_with("partly: ["), "{text}");
    let report: serde_json::Value = serde_json::from_str(&text["partly: ".len()..]).unwrap();
    assert_eq!(report[0]["outcome"], "contained");
    assert_eq!(report[1]["outcome"], "failed");
    assert_eq!(report[1]["done"][0]["stands"], "failed");
    assert_eq!(report[1]["done"][0]["action"], "account.disable");
    assert_eq!(house.vendor.told().len(), 3, "one for each lane, and one for all");
    let story = house.story(&plan.run).await;
    assert_eq!(story.matches("closing").count(), 1);
    assert!(story.rfind("closing") < story.rfind("finished"));
}

#[tokio::test(start_paused = true)]
async fn it_is_done_once_wherever_the_process_dies() {
    let people = [Person::only_at("alice", &[AD])];
    let ending = async |broken: Option<(usize, Breakage)>| {
        let house = House::new().with(&people);
        if let Some((write, how)) = broken {
            house.journal.break_at(write, how);
        }
        let playbook = house.playbook(&format!("{HEAD}{STEPS}"));
        let plan = house.plan(&alert_about("a-1", &[&people[0]]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        let state = house.state(&plan.run).await;
        (
            (state.finish(), ticket(&state), house.vendor.told(), house.vendor.changes()),
            house.journal.writes(),
        )
    };
    let (expected, writes) = ending(None).await;
    assert!(expected.2.values().all(|times| *times == 1), "{expected:?}");
    for write in 1..writes {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            assert_eq!(ending(Some((write, how))).await.0, expected, "write {write}, {how:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_stopped_does_nothing_more() {
    let alice = person("alice");
    let house = House::new().with([&alice]);
    let steps = STEPS.replace("steps:\n", "steps:\n  - wait: { for: 1h }\n");
    let playbook = house.playbook(&format!("{HEAD}{steps}"));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    engine.cancel(&plan.run, "ann").await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Cancelled));
    assert!(house.vendor.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_never_undone_stays_when_the_run_is_taken_back() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let playbook = house.playbook(&format!(
        "{HEAD}steps:\n  - do: account.disable\n    at: [active_directory]\n    undo: never\n"
    ));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    let refused = engine.undo(&plan.run, None, "ann").await.unwrap_err();
    assert!(matches!(refused, quell_run::EngineError::Refused(Refusal::NothingToUndo)), "{refused}");
}

/// A vendor that takes its time to show what it did is waited for as long as the playbook says.
#[tokio::test(start_paused = true)]
async fn a_playbook_says_how_long_it_waits_until_a_change_is_seen() {
    for (within, patience) in [("", 15), ("    verify: { within: 10m }\n", 600)] {
        let alice = Person::only_at("alice", &[AD]);
        let house = House::new().with([&alice]);
        house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::Lies));
        let yaml = format!("{HEAD}steps:\n  - do: account.disable\n    at: [active_directory]\n{within}");
        let playbook = house.playbook(&yaml);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        let state = house.state(&plan.run).await;
        assert!(state.tasks().all(|task| task.phase == Phase::Attention));
        let lines = house.lines(&plan.run).await;
        let moment = |is: fn(&Entry) -> bool| lines.iter().find(|line| is(&line.entry)).unwrap().at;
        let took = moment(|entry| matches!(entry, Entry::NeedsAttention { .. }))
            - moment(|entry| matches!(entry, Entry::Started { .. }));
        let took = took.to_std().unwrap();
        let bounds = Duration::from_secs(patience)..Duration::from_secs(patience + 5);
        assert!(bounds.contains(&took), "{took:?}");
    }
}
