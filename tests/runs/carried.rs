//! Questions that go through a connection: sent once, found again after a crash, and truthful where nothing can tell.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{ActionError, Found, Recipient};
use quell_playbook::model::Playbook;
use quell_run::{
    Carriage, Courier, Engine, EngineError, Entry, Errand, Finish, Hands, Line, OpenQuestion, Plan, Refusal,
    RunState,
};
use quell_tests::run::{AD, Breakage, House, Person, alert_about, in_time, settle_down};

use crate::ask::says;

const THROUGH: &str = r#"
language: 1
playbook: asking-by-mail
title: Ask by mail before the account is cut off
mode: act
approval: { ask: [soc], through: mail, expires: 30m }
when: { alert: { all: [ { alert.severity: { at_least: low } } ] } }
for_each: account
steps:
  - id: confirm
    ask: { question: "Cut them off?" }
  - do: account.disable
"#;

/// A mail room that keeps what it sends.
#[derive(Clone, Default)]
struct MailRoom {
    /// To whom which message went.
    sent: Arc<Mutex<Vec<(String, Errand)>>>,
    /// What happens at the next calls, first to last.
    mishaps: Arc<Mutex<Vec<ActionError>>>,
    /// Whether it can look up what has gone.
    can_look: bool,
    /// Whether it recognises a message that comes twice.
    recognises: bool,
    nobody: bool,
    /// Whether a question takes a minute to go.
    slow: bool,
}

impl MailRoom {
    fn times(&self, errand: Errand) -> usize {
        self.sent.lock().iter().filter(|(_, sent)| *sent == errand).count()
    }

    fn send(&self, to: &Recipient, errand: Errand) -> Result<(), ActionError> {
        let message = (to.name.clone(), errand);
        let mut sent = self.sent.lock();
        if !(self.recognises && sent.contains(&message)) {
            sent.push(message);
        }
        match self.mishaps.lock().pop() {
            Some(error) => {
                if error.failure != quell_action::Failure::Uncertain {
                    sent.pop();
                }
                Err(error)
            }
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Courier for MailRoom {
    fn recipients(&self, _: &OpenQuestion) -> Result<Vec<Recipient>, String> {
        let people: &[&str] = if self.nobody { &[] } else { &["ann", "bob"] };
        Ok(people.iter().map(|name| Recipient { name: (*name).into(), personal: true }).collect())
    }

    fn recognises_repetition(&self, _: &OpenQuestion) -> bool {
        self.recognises
    }

    async fn ask(&self, _: &OpenQuestion, to: &Recipient) -> Result<Option<String>, ActionError> {
        if self.slow {
            tokio::time::sleep(Duration::from_secs(50)).await;
        }
        self.send(to, Errand::Ask).map(|()| Some(format!("mail-to-{}", to.name)))
    }

    async fn find(&self, _: &OpenQuestion, to: &Recipient) -> Result<Found, ActionError> {
        let is_there = self.sent.lock().contains(&(to.name.clone(), Errand::Ask));
        Ok(match (self.can_look, is_there) {
            (false, _) => Found::CannotTell,
            (true, true) => Found::Sent(None),
            (true, false) => Found::NotSent,
        })
    }

    async fn tell(
        &self,
        _: &OpenQuestion,
        to: &Recipient,
        _: Option<&str>,
        _: &str,
    ) -> Result<(), ActionError> {
        self.send(to, Errand::Tell)
    }
}

fn engine(house: &House, room: &MailRoom) -> Engine {
    house.engine_with(Hands::acting(house.registry()).with_courier(Arc::new(room.clone())))
}

struct Case {
    house: House,
    plan: Plan,
    playbook: Arc<Playbook>,
}

fn case() -> Case {
    let people = [Person::only_at("alice", &[AD])];
    let house = House::new().with(&people);
    let playbook = house.playbook(THROUGH);
    let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
    Case { house, plan, playbook }
}

/// Begins, waits until nothing moves, answers; through as many engines as it takes.
async fn seen_through(case: &Case, room: &MailRoom) {
    let mut engine = engine(&case.house, room);
    loop {
        let crashed = tokio::select! {
            () = case.house.crashed() => true,
            () = in_time(begin_and_agree(&engine, case)) => false,
        };
        if !crashed {
            return;
        }
        engine.stop_now();
        settle_down().await;
        case.house.restart();
        engine = self::engine(&case.house, room);
        engine.recover().await.unwrap();
    }
}

async fn begin_and_agree(engine: &Engine, case: &Case) {
    engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
    loop {
        engine.idle().await;
        let open = engine.questions().await.unwrap();
        let Some(OpenQuestion { run, question, .. }) = open.first() else { break };
        match engine.answer(run, &question.id, &question.bond, says("ann", "approve")).await {
            Ok(()) | Err(EngineError::Refused(Refusal::NotWritten(_) | Refusal::QuestionSettled(..))) => {}
            Err(error) => panic!("{error}"),
        }
    }
    engine.idle().await;
}

async fn carriages(case: &Case) -> Vec<Carriage> {
    let lines = case.house.lines(&case.plan.run).await;
    let carriage = |entry| match entry {
        Entry::Carried { carriage, .. } => Some(carriage),
        _ => None,
    };
    lines.into_iter().filter_map(|line| carriage(line.entry)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_once_to_each_and_a_word_follows() {
    let (case, room) = (case(), MailRoom::default());
    seen_through(&case, &room).await;
    assert_eq!((room.times(Errand::Ask), room.times(Errand::Tell)), (2, 2));
    assert_eq!(case.house.state(&case.plan.run).await.finish(), Some(Finish::Contained));
    // Each message has its intent before it.
    let mut begun = Vec::new();
    for carriage in carriages(&case).await {
        match carriage {
            Carriage::Begun { to, errand, .. } => begun.push((to, errand)),
            Carriage::Done { to, errand, maybe_twice, .. } => {
                assert!(begun.contains(&(to, errand)) && !maybe_twice);
            }
            Carriage::Addressed { to, .. } => assert_eq!(to.len(), 2),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(begun.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn at_every_write_nobody_is_left_unasked_and_nothing_is_hidden() {
    for (can_look, recognises) in [(true, false), (false, true), (false, false)] {
        let ending = async |broken: Option<(usize, Breakage)>| {
            let (case, room) = (case(), MailRoom { can_look, recognises, ..MailRoom::default() });
            if let Some((write, how)) = broken {
                case.house.journal.break_at(write, how);
            }
            seen_through(&case, &room).await;
            let state = case.house.state(&case.plan.run).await;
            assert_eq!(state.finish(), Some(Finish::Contained), "{broken:?}");
            assert_eq!(case.house.vendor.disabled().len(), 1, "{broken:?}");
            let said = carriages(&case).await;
            let sent = room.sent.lock().clone();
            for person in ["ann", "bob"] {
                let got = sent.iter().filter(|(to, errand)| to == person && *errand == Errand::Ask).count();
                let is_said = said
                    .iter()
                    .any(|one| matches!(one, Carriage::Done { to, maybe_twice: true, .. } if to == person));
                // Where the channel can be read, or recognises a repetition, nobody is asked twice. Where nothing can
                // tell, the record says whenever somebody was.
                match can_look || recognises {
                    true => assert_eq!((got, is_said), (1, false), "{person} {broken:?}: {said:?}"),
                    false => assert!(got == 1 || got == 2 && is_said, "{person} {got} {broken:?}: {said:?}"),
                }
            }
            assert!(room.times(Errand::Tell) <= 2, "{broken:?}: a word never comes twice");
            case.house.journal.writes()
        };
        let writes = ending(None).await;
        for write in 1..writes {
            for how in
                [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps]
            {
                ending(Some((write, how))).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_stays_answerable_and_is_in_the_record() {
    let (case, room) = (case(), MailRoom::default());
    let refused = || ActionError::rejected("the relay wants no mail from us");
    room.mishaps.lock().extend([refused(), refused()]);
    seen_through(&case, &room).await;
    assert_eq!((room.times(Errand::Ask), room.times(Errand::Tell)), (0, 0), "no word about what nobody has");
    let said = carriages(&case).await;
    let failed = said.iter().filter(|one| matches!(one, Carriage::Failed { .. })).count();
    assert_eq!(failed, 2, "{said:?}");
    assert_eq!(case.house.vendor.disabled().len(), 1, "it was answered all the same");

    let (case, room) = (self::case(), MailRoom { nobody: true, ..MailRoom::default() });
    seen_through(&case, &room).await;
    let [Carriage::Addressed { to, why: Some(_) }] = &carriages(&case).await[..] else { panic!() };
    assert!(to.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_away_is_tried_again_until_nobody_is_asked_any_more() {
    let (case, room) = (case(), MailRoom::default());
    room.mishaps.lock().extend((0..6).map(|_| ActionError::unavailable("the relay is away")));
    let engine = engine(&case.house, &room);
    engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    in_time(engine.idle()).await;
    assert_eq!(room.times(Errand::Ask), 2, "each got it once, though six attempts failed");
    // Nobody answers: they hear that they need not any more, and nobody is cut off.
    tokio::time::sleep(Duration::from_secs(1800)).await;
    in_time(engine.idle()).await;
    assert_eq!(room.times(Errand::Tell), 2);
    assert_eq!(case.house.vendor.disabled().len(), 0);
}

/// Where nothing can tell whether a message has gone, people may have it twice, which the record says; and not for ever.
#[tokio::test(start_paused = true)]
async fn a_message_that_may_have_gone_is_sent_again_a_few_times_and_the_record_says_so() {
    for (mishaps, times, said_twice, given_up) in [(1, 2, 1, 0), (100, 3, 0, 1)] {
        let (case, room) = (case(), MailRoom::default());
        room.mishaps.lock().extend((0..mishaps).map(|_| ActionError::uncertain("no answer")));
        let engine = engine(&case.house, &room);
        engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1500)).await;
        in_time(engine.idle()).await;
        let most = ["ann", "bob"].map(|person| {
            room.sent.lock().iter().filter(|(to, errand)| to == person && *errand == Errand::Ask).count()
        });
        assert_eq!(most.into_iter().max(), Some(times), "{mishaps} mishaps");
        let said = carriages(&case).await;
        let twice = said.iter().filter(|one| matches!(one, Carriage::Done { maybe_twice: true, .. })).count();
        let failed = said.iter().filter(|one| matches!(one, Carriage::Failed { .. })).count();
        assert_eq!((twice, failed), (said_twice, 2 * given_up), "{said:?}");
    }
}

/// The process died when a message may have gone, and the next attempt was not taken: the first one may have gone still.
#[tokio::test(start_paused = true)]
async fn what_may_have_gone_once_may_have_gone_for_good() {
    let (case, room) = (case(), MailRoom::default());
    let engine = engine(&case.house, &room);
    engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
    in_time(engine.idle()).await;
    let lines = case.house.lines(&case.plan.run).await;
    let addressed =
        |line: &Line| matches!(&line.entry, Entry::Carried { carriage: Carriage::Addressed { .. }, .. });
    let end = lines.iter().position(addressed).expect("it is known to whom it goes");
    let mut state = RunState::replay(&lines[..=end]).unwrap();
    let question = state.questions()[0].question.id.clone();
    let (to, errand) = ("ann".to_owned(), Errand::Ask);
    let begun = |attempt| Carriage::Begun { to: to.clone(), errand, attempt };
    let again_at = case.house.clock_now();
    let away = ActionError::unavailable("the relay is away");
    let delayed = Carriage::Delayed { to: to.clone(), errand, error: away, again_at };
    for (carriage, maybe_gone) in [(begun(1), false), (begun(2), true), (delayed, true), (begun(3), true)] {
        let entry = Entry::Carried { question: question.clone(), carriage };
        state.apply(&Line { number: state.lines(), at: again_at, entry }).unwrap();
        let deliveries = state.questions()[0].deliveries.as_ref().unwrap();
        assert_eq!(deliveries[0].maybe_gone, maybe_gone, "{:?}", deliveries[0]);
    }
}

/// Somebody answers in the terminal while the messages are on their way: whoever gets one gets the word too.
#[tokio::test(start_paused = true)]
async fn who_is_being_asked_when_it_is_answered_is_told() {
    let (case, room) = (case(), MailRoom { slow: true, ..MailRoom::default() });
    let engine = engine(&case.house, &room);
    engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let OpenQuestion { run, question, .. } = engine.questions().await.unwrap().remove(0);
    engine.answer(&run, &question.id, &question.bond, says("ann", "approve")).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!((room.times(Errand::Ask), room.times(Errand::Tell)), (2, 2));
    assert_eq!(case.house.state(&run).await.finish(), Some(Finish::Contained));
}

/// A word that cannot go just now goes later, over a restart and though the run has ended; and not for ever.
#[tokio::test(start_paused = true)]
async fn a_word_is_tried_again_and_then_given_up() {
    let away = || ActionError::unavailable("the relay is away");
    for (mishaps, told, failed) in [(1, 2, 0), (100, 0, 2)] {
        let (case, room) = (case(), MailRoom::default());
        let first = engine(&case.house, &room);
        first.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
        in_time(first.idle()).await;
        room.mishaps.lock().extend((0..mishaps).map(|_| away()));
        let OpenQuestion { run, question, .. } = first.questions().await.unwrap().remove(0);
        first.answer(&run, &question.id, &question.bond, says("ann", "approve")).await.unwrap();
        settle_down().await;
        first.stop_now();
        settle_down().await;
        let engine = engine(&case.house, &room);
        engine.recover().await.unwrap();
        tokio::time::sleep(Duration::from_secs(48 * 3600)).await;
        in_time(engine.idle()).await;
        let said = carriages(&case).await;
        let given_up = said.iter().filter(|one| matches!(one, Carriage::Failed { .. })).count();
        assert_eq!((room.times(Errand::Tell), given_up), (told, failed), "{said:?}");
        let state = case.house.state(&run).await;
        assert!(state.finish().is_some() && !state.is_open(), "there is nothing more to do for it");
    }
}

/// What cannot have happened to a message is a line that no journal has.
#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_follow_on_what_a_message_went_through_is_refused() {
    let (case, room) = (case(), MailRoom::default());
    let engine = engine(&case.house, &room);
    engine.start(case.plan.clone(), Arc::clone(&case.playbook)).await.unwrap();
    in_time(engine.idle()).await;
    let lines = case.house.lines(&case.plan.run).await;
    let at = case.house.clock_now();
    let asked = |through: bool| {
        let end = lines.iter().position(|line| matches!(line.entry, Entry::Asked { .. })).unwrap();
        let mut lines = lines[..=end].to_vec();
        if let Entry::Asked { question, .. } = &mut lines[end].entry {
            question.through = question.through.take().filter(|_| through);
        }
        RunState::replay(&lines).unwrap()
    };
    let after = |state: &RunState, carriage: &Carriage| {
        let mut state = state.clone();
        let (question, carriage) = (state.questions()[0].question.id.clone(), carriage.clone());
        let entry = Entry::Carried { question, carriage };
        state.apply(&Line { number: state.lines(), at, entry }).map(|()| state)
    };
    let person = Recipient { name: "ann".into(), personal: true };
    let addressed = Carriage::Addressed { to: vec![person], why: None };
    let begun = |errand, attempt| Carriage::Begun { to: "ann".into(), errand, attempt };
    let done = |errand| Carriage::Done { to: "ann".into(), errand, sent: None, maybe_twice: false };
    let [ask, tell] = [Errand::Ask, Errand::Tell];
    assert!(after(&asked(false), &addressed).is_err(), "it goes through no connection");
    let waiting = after(&asked(true), &addressed).unwrap();
    assert!(after(&waiting, &addressed).is_err(), "addressed twice");
    assert!(after(&waiting, &begun(ask, 2)).is_err(), "there was no first attempt");
    let under_way = after(&waiting, &begun(ask, 1)).unwrap();
    assert!(after(&under_way, &begun(tell, 1)).is_err(), "a word before the question has gone");
    let gone = after(&under_way, &done(ask)).unwrap();
    assert!(after(&gone, &done(ask)).is_err() && after(&gone, &begun(ask, 2)).is_err(), "gone twice");
    assert!(after(&gone, &begun(tell, 1)).is_ok());
}
