//! What an answer is bound to: all that is to be done, and not only what is said of it.

use quell_action::{AccountKey, Target};
use quell_run::{Bond, Entry, Line, Question, RunState, next};
use quell_tests::run::{AD, House, Person, alert_about, dawn, in_time};

use crate::playbooks::ASKING;

/// The bond of the question that follows on these lines.
fn bond(house: &House, lines: &[Line]) -> Bond {
    asked(house, ASKING, lines).bond
}

/// The question that a playbook asks after these lines.
fn asked(house: &House, yaml: &str, lines: &[Line]) -> Question {
    let state = RunState::replay(lines).unwrap();
    let records = next(&house.playbook(yaml), &state, house.clock_now()).records;
    let asked = records.into_iter().find_map(|entry| match entry {
        Entry::Asked { question, .. } => Some(*question),
        _ => None,
    });
    asked.expect("a question follows")
}

/// Everything that is done for a question can be changed so that its text stays the same. The answer does not.
#[tokio::test(start_paused = true)]
async fn an_answer_is_bound_to_the_tasks_and_to_the_plan_whatever_the_text_says() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let playbook = house.playbook(ASKING);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    while let Some(open) = engine.questions().await.unwrap().first() {
        let (run, question) = (&open.run, &open.question);
        engine.answer(run, &question.id, &question.bond, crate::ask::says("ann", "approve")).await.unwrap();
        in_time(engine.idle()).await;
    }
    let lines = house.lines(&plan.run).await;
    let is_about_tasks = |line: &Line| matches!(&line.entry, Entry::Asked { question, .. } if question.id.0.ends_with("/approval"));
    let asked = lines.iter().position(is_about_tasks).expect("the tasks were asked about");
    let before = &lines[..asked];
    let Entry::Asked { question, .. } = &lines[asked].entry else { panic!() };
    assert_eq!(bond(&house, before), question.bond, "the same plan and the same tasks have the same bond");

    let with = |change: &dyn Fn(&mut Entry)| {
        let mut lines = before.to_vec();
        lines.iter_mut().for_each(|line| change(&mut line.entry));
        bond(&house, &lines)
    };
    let other_parameters = with(&|entry| {
        if let Entry::Expanded { tasks, .. } = entry {
            tasks.iter_mut().for_each(|task| task.params = serde_json::json!({ "else": 1 }));
        }
    });
    let other_account = with(&|entry| {
        if let Entry::Expanded { tasks, .. } = entry {
            let key = AccountKey { provider: AD.into(), realm: "contoso".into(), id: "somebody else".into() };
            tasks.iter_mut().for_each(|task| task.target = Target::Account(key.clone()));
        }
    });
    let other_plan = with(&|entry| {
        if let Entry::Created { plan } = entry {
            plan.playbook.hash.0 = "another version of the playbook".to_owned();
        }
    });
    for (what, other) in [("parameters", other_parameters), ("account", other_account), ("plan", other_plan)]
    {
        assert_ne!(other, question.bond, "{what}");
    }
}

/// Whatever else is the same: another text, another choice or another step is another question.
#[tokio::test(start_paused = true)]
async fn an_answer_is_bound_to_the_words_and_the_choices_of_its_question() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &house.playbook(ASKING));
    let created = Line { number: 0, at: dawn(), entry: Entry::Created { plan: Box::new(plan) } };
    let of = |yaml: &str| asked(&house, yaml, std::slice::from_ref(&created));
    let own = of(ASKING);
    assert_eq!(of(ASKING).bond, own.bond);
    let question = "question: \"Cut off {{ account.key }}?\"";
    let choices = format!("{question}, choices: [approve, deny], if_answer: {{ deny: stop }}");
    let others = [
        ASKING.replace("Cut off {{ account.key }}?", "Spare {{ account.key }}?"),
        ASKING.replace(question, &choices),
        ASKING.replace("id: confirm", "id: agree"),
    ];
    for yaml in others {
        let other = of(&yaml);
        let differs = (&own.text, &own.choices, &own.id) != (&other.text, &other.choices, &other.id);
        assert!(differs && other.bond != own.bond, "{other:?}");
    }
}
