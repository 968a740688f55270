//! Every task is carried out a second time: by another run, and by a restart that has forgotten that it was done.

use quell_run::{Finish, Phase};
use quell_tests::run::{House, Person, alert_about};

use crate::playbooks::CONTAIN;

#[tokio::test(start_paused = true)]
async fn by_another_run() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(CONTAIN);
    let first = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let second = house.plan(&alert_about("a-2", &[&alice]), &playbook);
    assert_ne!(first.run, second.run);
    house.carry_through(&[(first.clone(), playbook.clone())]).await;
    house.carry_through(&[(second.clone(), playbook)]).await;

    assert!(house.vendor.changes().values().all(|changes| *changes == 1));
    let state = house.state(&second.run).await;
    let disable: Vec<_> = state.tasks().filter(|task| task.task.reversible).collect();
    assert_eq!(disable.len(), 3);
    for task in disable {
        assert_eq!(task.phase, Phase::Succeeded);
        assert!(!task.changed(), "it found the account disabled, and wrote nothing");
        assert_eq!(task.attempts, 0);
    }
    assert_eq!(state.finish(), Some(Finish::Contained), "the sessions were ended again");
}

/// The journal is cut after each of its lines: all that it still says counts, and nothing is done twice.
#[tokio::test(start_paused = true)]
async fn by_a_restart_that_has_forgotten() {
    let alice = Person::new("alice");
    let complete = {
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        house.journal.batches()
    };
    for kept in 1..complete.len() {
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        // The world of a run that has gone to its end, and the journal of one that has not.
        house.carry_through(&[(plan.clone(), playbook.clone())]).await;
        let later = house.with_an_empty_journal();
        for batch in complete.iter().take(kept) {
            quell_run::Journal::append(later.journal.as_ref(), batch.clone()).await.unwrap();
        }
        later.carry_on().await;
        let state = later.state(&plan.run).await;
        assert!(state.finish().is_some(), "{kept} batches kept");
        assert!(later.vendor.changes().values().all(|changes| *changes == 1), "{kept} batches kept");
        assert!(later.vendor.told().values().all(|told| *told == 1), "{kept} batches kept");
    }
}
