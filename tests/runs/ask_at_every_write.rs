//! The process dies at every write of a run that asks, and another one goes on: nobody is asked twice, no answer is lost.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_run::{Engine, EngineError, Finish, OpenQuestion, Plan, Refusal};
use quell_tests::run::{AD, Breakage, House, Person, alert_about, in_time, settle_down};

use crate::ask::{UNKNOWN, WHOLE_PLAN, says};
use crate::playbooks::ASKING;

/// Begins, and answers everything that is asked; whenever something breaks for good, another engine goes on.
async fn seen_through(house: &House, plan: &Plan, playbook: &Arc<Playbook>) {
    let mut engine = house.engine();
    loop {
        let crashed = tokio::select! {
            () = house.crashed() => true,
            () = in_time(begin_and_agree(&engine, plan, playbook)) => false,
        };
        if !crashed {
            return;
        }
        engine.stop_now();
        settle_down().await;
        house.restart();
        engine = house.engine();
        engine.recover().await.unwrap();
    }
}

async fn begin_and_agree(engine: &Engine, plan: &Plan, playbook: &Arc<Playbook>) {
    engine.start(plan.clone(), Arc::clone(playbook)).await.unwrap();
    loop {
        engine.idle().await;
        let open = engine.questions().await.unwrap();
        let Some(OpenQuestion { run, question, .. }) = open.first() else { return };
        match engine.answer(run, &question.id, &question.bond, says("ann", "approve")).await {
            // A write that was reported as failed may have happened all the same.
            Ok(()) | Err(EngineError::Refused(Refusal::NotWritten(_) | Refusal::QuestionSettled(..))) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn questions_and_answers_survive_at_every_write() {
    for yaml in [ASKING, WHOLE_PLAN, UNKNOWN] {
        let people = [Person::only_at("alice", &[AD]), Person::only_at("bob", &[AD])];
        let ending = async |broken: Option<(usize, Breakage)>| {
            let house = House::new().with(&people);
            if let Some((write, how)) = broken {
                house.journal.break_at(write, how);
            }
            let playbook = house.playbook(yaml);
            let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
            seen_through(&house, &plan, &playbook).await;
            let state = house.state(&plan.run).await;
            let asked: Vec<(String, usize)> = state
                .questions()
                .iter()
                .map(|asked| (asked.question.id.0.clone(), asked.replies.len()))
                .collect();
            let ending = (state.finish(), asked, house.vendor.effects(), house.vendor.told().len());
            (ending, house.journal.writes())
        };
        let (expected, writes) = ending(None).await;
        assert_eq!(expected.0, Some(Finish::Contained));
        for write in 1..writes {
            for how in
                [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps]
            {
                let (mut found, _) = ending(Some((write, how))).await;
                // Two lanes ask side by side: which of them stands first is no promise.
                found.1.sort();
                let mut wanted = expected.clone();
                wanted.1.sort();
                assert_eq!(found, wanted, "write {write}, {how:?}");
            }
        }
    }
}
