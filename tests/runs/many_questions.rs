//! Thousands of open questions: none of them is kept in memory, each can be answered, and a restart looks at each
//! of them once and lets go of it before it looks at the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quell_tests::run::{AD, House, Person, alert_about, in_time};

use crate::ask::says;

/// One question, and then one call.
const ASKING: &str = r#"
language: 1
playbook: asking-once
title: Ask before
mode: act
approval: { ask: [soc], expires: 1h }
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: disable
    do: account.disable
    at: [active_directory]
    approval: ask
"#;

const MANY: usize = 3_000;

#[tokio::test(start_paused = true)]
async fn thousands_of_questions_wait_outside_of_memory() {
    let people: Vec<Person> = (0..MANY).map(|number| Person::only_at(&format!("p{number}"), &[AD])).collect();
    let house = House::new().with(&people);
    let playbook = house.playbook(ASKING);
    let engine = house.engine();
    for (number, person) in people.iter().enumerate() {
        let plan = house.plan(&alert_about(&format!("a-{number}"), &[person]), &playbook);
        engine.start(plan, Arc::clone(&playbook)).await.unwrap();
    }
    in_time(engine.idle()).await;
    assert_eq!(engine.active(), 0, "whoever waits for a person is not in memory");
    assert_eq!(engine.waiting_lanes(), 0);
    assert!(house.vendor.disabled().is_empty());

    engine.shut_down(Duration::from_secs(1)).await;
    let engine = house.engine();
    let begun = Instant::now();
    let found = engine.recover().await.unwrap();
    assert_eq!((found.waiting.len(), found.resumed.len(), found.refused.len()), (MANY, 0, 0));
    assert_eq!(engine.active(), 0, "each was looked at once and let go again");
    let open = engine.questions().await.unwrap();
    assert_eq!(open.len(), MANY);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    // The first, one in the middle, the last: each is answered by itself.
    for at in [0, MANY / 2, MANY - 1] {
        let question = &open[at];
        let (id, bond) = (&question.question.id, &question.question.bond);
        engine.answer(&question.run, id, bond, says("ann", "approve")).await.unwrap();
    }
    in_time(engine.idle()).await;
    assert_eq!(house.vendor.disabled().len(), 3);
    assert_eq!(engine.questions().await.unwrap().len(), MANY - 3);
}
