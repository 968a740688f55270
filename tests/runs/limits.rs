//! Limits: no more than they allow, whatever runs at the same time, dies or jumps; and exactly those beyond them whom a
//! person lets through.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use quell_playbook::model::{Counted, Limits, OrAsk, Playbook, Quota};
use quell_run::{
    CounterName, Engine, Finish, LaneEnd, OpenQuestion, Phase, Plan, RunStatus, SiteLimits, TaskState,
};
use quell_tests::run::{AD, Breakage, ENTRA, House, MDE, Person, alert_about, dawn, device_alert, in_time};

use crate::ask::says;
use crate::playbooks::CUT_OFF;

/// So many accounts in an hour, at the site.
pub(crate) fn hourly(number: u32) -> SiteLimits {
    limited(Quota { per_hour: Some(number), ..Quota::default() })
}

pub(crate) fn limited(accounts: Quota) -> SiteLimits {
    SiteLimits { limits: Limits { accounts, ..Limits::default() }, ..SiteLimits::default() }
}

/// CUT_OFF with limits of its own.
pub(crate) fn cut_off_with(limits: &str) -> String {
    format!("{CUT_OFF}limits: {limits}\n")
}

pub(crate) struct Case {
    pub(crate) house: House,
    pub(crate) people: Vec<Person>,
}

impl Case {
    pub(crate) fn of(number: usize, limits: SiteLimits) -> Self {
        let people: Vec<Person> =
            (0..number).map(|one| Person::only_at(&format!("user{one}"), &[AD])).collect();
        let mut house = House::new().with(&people);
        house.settings.limits = limits;
        Self { house, people }
    }

    /// A run for each of these people.
    pub(crate) fn plans(&self, yaml: &str, people: &[Person]) -> Vec<(Plan, Arc<Playbook>)> {
        let playbook = self.house.playbook(yaml);
        let each = people.iter().map(|person| {
            let alert = alert_about(&format!("about {}", person.name), &[person]);
            (self.house.plan(&alert, &playbook), Arc::clone(&playbook))
        });
        each.collect()
    }

    /// One run for all of them.
    pub(crate) fn plan(&self, yaml: &str) -> (Plan, Arc<Playbook>) {
        let playbook = self.house.playbook(yaml);
        let alert = alert_about("about all", &self.people.iter().collect::<Vec<_>>());
        (self.house.plan(&alert, &playbook), playbook)
    }

    pub(crate) fn disabled(&self) -> usize {
        self.house.vendor.disabled().len()
    }

    async fn ends(&self, plans: &[(Plan, Arc<Playbook>)]) -> HashSet<Option<Finish>> {
        let mut ends = HashSet::new();
        for (plan, _) in plans {
            ends.insert(self.house.state(&plan.run).await.finish());
        }
        ends
    }
}

pub(crate) async fn start_all(engine: &Engine, plans: &[(Plan, Arc<Playbook>)]) {
    for (plan, playbook) in plans {
        engine.start(plan.clone(), Arc::clone(playbook)).await.unwrap();
    }
    in_time(engine.idle()).await;
}

pub(crate) async fn answer(engine: &Engine, open: &OpenQuestion, choice: &str) {
    let question = &open.question;
    engine.answer(&open.run, &question.id, &question.bond, says("ann", choice)).await.unwrap();
    in_time(engine.idle()).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_runs_at_the_same_time_twenty_act_and_the_others_ask() {
    let case = Case::of(100, hourly(20));
    let plans = case.plans(CUT_OFF, &case.people);
    let engine = case.house.engine();
    start_all(&engine, &plans).await;
    assert_eq!(case.disabled(), 20);
    let open = engine.questions().await.unwrap();
    assert_eq!(open.len(), 80);
    assert_eq!(engine.active(), 0, "they wait on disk, and not in memory");
    let one = &open[0];
    assert_eq!(one.question.id.0, "limits");
    let text = &one.question.text;
    assert!(text.starts_with("The site's limit of 20 accounts per hour is reached. "), "{text}");
    assert!(text.contains(&format!("account.disable of {}", one.subjects_name())), "{text}");

    answer(&engine, one, "approve").await;
    assert_eq!(case.disabled(), 21, "exactly the one that was let through");
    answer(&engine, &open[1], "reject").await;
    let refused = case.house.state(&open[1].run).await;
    assert_eq!((refused.finish(), case.disabled()), (Some(Finish::NothingToDo), 21));
    assert_eq!(refused.lanes()[0].end(), Some(LaneEnd::Declined));

    // A restart forgets nothing, and the hour that passes meanwhile is no answer.
    let engine = case.house.engine();
    engine.recover().await.unwrap();
    in_time(engine.idle()).await;
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    in_time(engine.idle()).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (21, 78));
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    in_time(engine.idle()).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (21, 0), "silence is a no");
    let expired = case.house.state(&open[2].run).await;
    assert_eq!(expired.finish(), Some(Finish::OverLimit));
    assert_eq!(expired.summary().counts.over_limit, 1);
}

trait Named {
    fn subjects_name(&self) -> &str;
}

impl Named for OpenQuestion {
    fn subjects_name(&self) -> &str {
        let text = &self.question.text;
        let from = text.find("user").expect("a name");
        text[from..].split(' ').next().expect("a word")
    }
}

#[tokio::test(start_paused = true)]
async fn one_run_asks_once_about_all_that_is_too_much_of_it() {
    for at_once in [1, 3, 10] {
        let case = Case::of(10, hourly(4));
        let yaml = CUT_OFF.replace(
            "for_each: account",
            &format!("for_each: {{ account: {{ from: alert.accounts, at_once: {at_once} }} }}"),
        );
        let (plan, playbook) = case.plan(&yaml);
        let engine = case.house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        let open = engine.questions().await.unwrap();
        assert_eq!((case.disabled(), open.len()), (4, 1), "{at_once} at once");
        assert_eq!(open[0].subjects.len(), 6, "{:?}", open[0].subjects);
        let summary = case.house.state(&plan.run).await.summary();
        assert_eq!((summary.status, summary.counts.over_limit), (RunStatus::Asking, 6));
        answer(&engine, &open[0], "approve").await;
        assert_eq!(case.disabled(), 10);
        assert_eq!(case.house.state(&plan.run).await.finish(), Some(Finish::Contained));
    }
}

#[tokio::test(start_paused = true)]
async fn a_yes_is_bound_to_whom_it_was_about() {
    let case = Case::of(3, hourly(1));
    let engine = case.house.engine();
    let plans = case.plans(CUT_OFF, &case.people);
    start_all(&engine, &plans).await;
    let open = engine.questions().await.unwrap();
    let (one, other) = (&open[0], &open[1]);
    let crossed =
        engine.answer(&one.run, &one.question.id, &other.question.bond, says("ann", "approve")).await;
    assert!(crossed.is_err());
    in_time(engine.idle()).await;
    assert_eq!(case.disabled(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_excluded_meanwhile_is_not_touched_though_a_person_let_them_through() {
    let case = Case::of(2, hourly(1));
    let engine = case.house.engine();
    start_all(&engine, &case.plans(CUT_OFF, &case.people)).await;
    let open = engine.questions().await.unwrap();
    case.house.exclude(&case.people.iter().map(Person::upn).collect::<Vec<_>>());
    answer(&engine, &open[0], "approve").await;
    assert_eq!(case.disabled(), 1);
    assert_eq!(case.house.state(&open[0].run).await.finish(), Some(Finish::Excluded));
}

#[tokio::test(start_paused = true)]
async fn the_same_person_counts_once_under_whatever_name() {
    let people = [Person::only_at("alice", &[AD, ENTRA]), Person::only_at("bob", &[AD])];
    let mut house = House::new().with(&people);
    house.settings.limits = hourly(1);
    let playbook = house.playbook(CUT_OFF);
    let anywhere =
        house.playbook(&CUT_OFF.replace("cut-off", "anywhere").replace("    at: [active_directory]\n", ""));
    let engine = house.engine();
    for (number, name) in [people[0].sid(), people[0].entra_id(), people[0].anchor()].into_iter().enumerate()
    {
        let alert =
            quell_tests::run::alert(&format!("alert {number}"), vec![quell_tests::run::account(&[name])]);
        for playbook in [&playbook, &anywhere] {
            engine.start(house.plan(&alert, playbook), Arc::clone(playbook)).await.unwrap();
            in_time(engine.idle()).await;
        }
    }
    assert_eq!(engine.questions().await.unwrap(), []);
    assert_eq!(house.vendor.disabled().len(), 2, "both accounts of hers");
    let plan = house.plan(&alert_about("another", &[&people[1]]), &playbook);
    engine.start(plan, playbook).await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(engine.questions().await.unwrap().len(), 1, "he is somebody else");
}

#[tokio::test(start_paused = true)]
async fn what_was_so_already_takes_no_place() {
    let case = Case::of(5, hourly(1));
    for person in &case.people[..4] {
        case.house.vendor.set_disabled(AD, person, true);
    }
    let engine = case.house.engine();
    start_all(&engine, &case.plans(CUT_OFF, &case.people)).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn undoing_is_never_limited_and_frees_nothing() {
    let case = Case::of(3, hourly(1));
    let engine = case.house.engine();
    let plans = case.plans(CUT_OFF, &case.people);
    start_all(&engine, &plans[..1]).await;
    engine.undo(&plans[0].0.run, None, "ann").await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(case.disabled(), 0);
    start_all(&engine, &plans[1..2]).await;
    assert_eq!(
        (case.disabled(), engine.questions().await.unwrap().len()),
        (0, 1),
        "it was touched all the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_playbook_has_limits_of_its_own_and_can_stop() {
    let case = Case::of(6, hourly(5));
    let engine = case.house.engine();
    let stops = case.plans(&cut_off_with("{ accounts: { per_day: 2 }, if_over: stop }"), &case.people[..4]);
    start_all(&engine, &stops).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (2, 0));
    let ends = case.ends(&stops).await;
    assert_eq!(ends, HashSet::from([Some(Finish::Contained), Some(Finish::OverLimit)]));
    for (plan, _) in &stops {
        let state = case.house.state(&plan.run).await;
        let over = state.tasks().filter_map(TaskState::over_limit).flat_map(|held| &held.exceeded);
        for over in over {
            assert_eq!(over.to_string(), "the playbook's limit of 2 accounts per day is reached");
            assert_eq!(over.frees_at.map(|at| at > dawn() + chrono::Duration::hours(24)), Some(true));
        }
    }
    // Another playbook has the rest of the site's.
    let others = case.plans(&CUT_OFF.replace("cut-off", "another"), &case.people[4..]);
    start_all(&engine, &others).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn where_the_site_says_stop_no_playbook_asks() {
    let mut limits = hourly(1);
    limits.limits.if_over = Some(OrAsk::Stop);
    let case = Case::of(2, limits);
    let engine = case.house.engine();
    let plans = case.plans(&cut_off_with("{ accounts: { per_day: 1 }, if_over: ask }"), &case.people);
    start_all(&engine, &plans).await;
    assert_eq!((case.disabled(), engine.questions().await.unwrap().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_has_its_own_limit_and_asks_again_beyond_another() {
    let site = limited(Quota { per_run: Some(2), per_hour: Some(3), per_day: None });
    let case = Case::of(4, site);
    let (plan, playbook) = case.plan(CUT_OFF);
    let engine = case.house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let open = engine.questions().await.unwrap();
    assert_eq!((case.disabled(), open.len()), (2, 1));
    assert!(open[0].question.text.contains("2 accounts in one run"), "{}", open[0].question.text);
    answer(&engine, &open[0], "approve").await;
    // One of the two meets the hour's limit now, and that is another question.
    let open = engine.questions().await.unwrap();
    assert_eq!((case.disabled(), open.len()), (3, 1));
    assert_eq!(open[0].question.id.0, "limits-2");
    assert!(open[0].question.text.contains("3 accounts per hour"), "{}", open[0].question.text);
    assert_eq!(open[0].subjects.len(), 1);
    answer(&engine, &open[0], "approve").await;
    assert_eq!(case.disabled(), 4);
    assert_eq!(case.house.state(&plan.run).await.finish(), Some(Finish::Contained));
}

#[tokio::test(start_paused = true)]
async fn devices_have_limits_of_their_own() {
    let mut house = House::new();
    house.settings.limits.limits.devices = Quota { per_hour: Some(0), ..Quota::default() };
    house.vendor.enrol("d1");
    let playbook = house.playbook(
        &CUT_OFF
            .replace("for_each: account", "for_each: device")
            .replace("    do: account.disable\n    at: [active_directory]\n", "    do: device.isolate\n"),
    );
    let plan = house.plan(&device_alert("about a device", "d1"), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(engine.idle()).await;
    let open = engine.questions().await.unwrap();
    assert_eq!(open.len(), 1, "{}", house.story(&plan.run).await);
    assert!(open[0].question.text.contains("limit of 0 devices per hour"), "{}", open[0].question.text);
    assert!(open[0].question.text.contains(MDE), "{}", open[0].question.text);
    answer(&engine, &open[0], "approve").await;
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained));
    assert!(house.journal.runs().tallies().contains_key(&CounterName::Site(Counted::Devices)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_takes_its_question_with_it() {
    let case = Case::of(2, hourly(1));
    let engine = case.house.engine();
    let plans = case.plans(CUT_OFF, &case.people);
    start_all(&engine, &plans).await;
    let run = engine.questions().await.unwrap()[0].run.clone();
    engine.cancel(&run, "ann").await.unwrap();
    in_time(engine.idle()).await;
    let state = case.house.state(&run).await;
    assert_eq!((state.finish(), engine.questions().await.unwrap().len()), (Some(Finish::Cancelled), 0));
    assert!(state.tasks().all(|task| task.phase == Phase::Dropped));
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_write_neither_exceeds_the_limit_nor_loses_anybody() {
    let undisturbed = Case::of(4, hourly(2));
    let (plan, playbook) = undisturbed.plan(CUT_OFF);
    undisturbed.house.carry_through(&[(plan, playbook)]).await;
    let writes = undisturbed.house.journal.writes();
    assert!(writes > 10, "{writes} writes");
    for write in 1..writes {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            let what = format!("{how:?} at write {write}");
            let case = Case::of(4, hourly(2));
            let (plan, playbook) = case.plan(CUT_OFF);
            case.house.journal.break_at(write, how);
            case.house.carry_through(&[(plan.clone(), playbook)]).await;
            assert_eq!(case.disabled(), 2, "{what}");
            let engine = case.house.engine();
            engine.recover().await.unwrap();
            in_time(engine.idle()).await;
            while let Some(open) = engine.questions().await.unwrap().first() {
                answer(&engine, open, "approve").await;
            }
            assert_eq!(case.disabled(), 4, "{what}");
            assert_eq!(case.house.state(&plan.run).await.finish(), Some(Finish::Contained), "{what}");
            for (key, effects) in case.house.vendor.effects() {
                assert_eq!(effects, 1, "{what}: {key}");
            }
        }
    }
}
