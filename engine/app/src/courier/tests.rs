//! What a message to people carries: an answer for each choice, each sealed for one recipient, one way and one time.

use async_trait::async_trait;
use chrono::{TimeDelta, TimeZone, Utc};
use parking_lot::Mutex;
use quell_playbook::model::IfExpired;
use quell_run::{About, Bond, LinkTo, Links as _, Question, QuestionId, RunId};
use quell_tests::run::{House, Person, alert_about};
use serde_json::json;

use super::*;

const PLAYBOOK: &str =
    "language: 1\nplaybook: one\ntitle: One\nwhen: { manual: true }\nsteps:\n  - stop: { outcome: done }\n";

/// Keeps the cards that it should carry.
struct Keeper(Answering, Arc<Mutex<Vec<Card>>>);

#[async_trait]
impl Carrier for Keeper {
    fn answering(&self) -> Answering {
        self.0
    }

    fn recipients(&self, people: &[String]) -> Vec<Recipient> {
        people.iter().map(|name| Recipient { name: name.clone(), personal: true }).collect()
    }

    async fn ask(&self, _: &Recipient, card: &Card, _: Duration) -> Result<Option<String>, ActionError> {
        self.1.lock().push(card.clone());
        Ok(None)
    }

    async fn tell(
        &self,
        _: &Recipient,
        _: Option<&str>,
        _: &Card,
        _: &str,
        _: Duration,
    ) -> Result<(), ActionError> {
        Ok(())
    }

    fn hear(&self, _: &Callback<'_>) -> Result<Heard, Unheard> {
        Ok(Heard { by: "eve".into(), seal: "x".into(), back: None })
    }
}

struct Bench {
    pages: Arc<Pages>,
    cards: Arc<Mutex<Vec<Card>>>,
    courier: SiteCourier,
    _folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let config: Config = serde_json::from_value(json!({
        "language": 1,
        "pages": { "public_url": "https://quell.example", "secret": { "file": key }, "links_last_secs": 60 },
        "teams": { "soc": ["ann", "bob"], "it": ["carol"] },
    }))
    .unwrap();
    let pages = Arc::new(Pages::of(&config).unwrap().unwrap());
    let cards = Arc::default();
    let keeper = |answering| Arc::new(Keeper(answering, Arc::clone(&cards))) as Arc<dyn Carrier>;
    let carriers = [("mail", Answering::Links), ("chat", Answering::Buttons)]
        .map(|(name, how)| (name.to_owned(), keeper(how)));
    let courier = SiteCourier {
        carriers: carriers.into(),
        teams: config.teams.clone(),
        desk: Some(Arc::clone(&pages)),
    };
    Bench { pages, cards, courier, _folder: folder }
}

fn asked(through: &str) -> OpenQuestion {
    let at = Utc.with_ymd_and_hms(2026, 3, 1, 8, 0, 0).unwrap();
    let question = Question {
        id: QuestionId("plan".into()),
        about: About::Plan,
        text: "May it be done?".into(),
        of: vec!["soc".into()],
        choices: vec!["approve".into(), "reject".into()],
        stopping: vec!["reject".into()],
        quorum: 1,
        expires: at + TimeDelta::hours(1),
        if_expired: IfExpired::Stop,
        bond: Bond("ab".repeat(32)),
        through: Some(through.to_owned()),
    };
    OpenQuestion {
        run: RunId("7ffc".into()),
        playbook: "contain".into(),
        alert_title: "DCSync".into(),
        subjects: Vec::new(),
        asked: at,
        question,
        replies: Vec::new(),
        with: Vec::new(),
    }
}

#[tokio::test]
async fn each_choice_is_sealed_for_its_recipient_its_way_and_its_time() {
    let bench = bench();
    for (through, way) in [("mail", Way::Page), ("chat", Way::Button)] {
        for personal in [true, false] {
            let (asked, to) = (asked(through), Recipient { name: "ann".into(), personal });
            bench.courier.ask(&asked, &to).await.unwrap();
            let card = bench.cards.lock().pop().unwrap();
            for (choice, label) in card.choices.iter().zip(["approve", "reject"]) {
                let seal = choice.seal.strip_prefix("https://quell.example/answer/").unwrap_or(&choice.seal);
                assert_eq!(seal.len() < choice.seal.len(), way == Way::Page);
                assert_eq!(choice.stops, label == "reject", "people see which answer stops it");
                let expected = AnswerLink {
                    run: asked.run.clone(),
                    question: asked.question.id.clone(),
                    bond: asked.question.bond.clone(),
                    choice: label.to_owned(),
                    through: through.to_owned(),
                    person: personal.then(|| "ann".to_owned()),
                    way,
                    expires: asked.question.expires.timestamp(),
                };
                assert_eq!(bench.pages.key.open(seal), Ok(expected));
            }
        }
    }
}

#[tokio::test]
async fn only_a_channel_with_buttons_is_heard() {
    let bench = bench();
    let at = Utc.with_ymd_and_hms(2026, 3, 1, 8, 0, 0).unwrap();
    let callback = Callback { headers: &[], body: b"", at };
    assert!(bench.courier.hear("chat", &callback).is_ok());
    assert!(matches!(bench.courier.hear("mail", &callback), Err(NoAnswer::Unheard(_))));
    assert!(matches!(bench.courier.hear("phone", &callback), Err(NoAnswer::Unheard(_))));
}

#[tokio::test]
async fn those_are_asked_who_are_in_the_teams_that_are_asked() {
    let people =
        |of: &[&str]| bench().courier.people(&of.iter().map(|team| (*team).to_owned()).collect::<Vec<_>>());
    assert_eq!(people(&["soc"]), ["ann", "bob"]);
    assert_eq!(people(&["it"]), ["carol"]);
    assert_eq!(people(&[]), ["ann", "bob", "carol"], "nobody in particular is everybody");
    assert_eq!(people(&["others"]), [""; 0]);
}

/// How many must agree is part of what people decide about.
#[test]
fn a_message_says_how_many_must_agree() {
    let mut asked = asked("mail");
    let needed = |asked: &OpenQuestion| facts(asked).into_iter().find(|(name, _)| name == "Needed");
    assert_eq!(needed(&asked), None);
    asked.question.quorum = 2;
    assert!(needed(&asked).is_some_and(|(_, what)| what.contains("2 people")));
}

/// An answer that nobody could seal could be anybody's.
#[test]
fn nothing_is_carried_where_the_site_does_not_say_how_it_is_sealed() {
    let bench = bench();
    assert!(bench.courier.recipients(&asked("mail")).is_ok());
    let unsealed = SiteCourier { desk: None, ..bench.courier };
    assert!(unsealed.recipients(&asked("mail")).is_err());
    let config: Config =
        serde_json::from_value(json!({ "language": 1, "teams": { "soc": ["ann"] } })).unwrap();
    assert!(matches!(carriers(&config), Carriers::Off(_)));
}

/// A channel answers for those who are listed under its name, and a mail for those whose address is known.
#[test]
fn a_connection_reaches_the_teams_of_those_whom_it_reaches() {
    let config: Config = serde_json::from_value(json!({
        "language": 1,
        "pages": { "public_url": "https://quell.example", "secret": { "file": "key" } },
        "teams": { "soc": ["ann", "slack"], "it": ["carol"], "night": ["bob", "carol"] },
        "connectors": {
            "slack": { "webhooks": { "soc": { "file": "hook" } } },
            "smtp": { "host": "relay.example", "from": "quell@corp.example", "people": { "bob": "bob@corp.example" } },
            "lab": { "folder": "lab" },
        },
    }))
    .unwrap();
    let teams = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let known = [
        ("lab", Carries::default()),
        ("slack", Carries { questions: true, teams: teams(&["soc"]) }),
        ("smtp", Carries { questions: true, teams: teams(&["night"]) }),
    ];
    assert_eq!(
        carriers(&config),
        Carriers::Known(known.map(|(name, carries)| (name.to_owned(), carries)).into())
    );
}

/// Counted from the beginning of the run, whenever the message is made.
#[tokio::test]
async fn a_link_to_a_run_ends_when_the_site_says() {
    let (bench, house) = (bench(), House::new());
    let playbook = house.playbook(PLAYBOOK);
    let plan = house.plan(&alert_about("a-1", &[&Person::new("alice")]), &playbook);
    let address = bench.pages.address(&plan, LinkTo::Run).unwrap();
    let seal = address.strip_prefix("https://quell.example/run/").unwrap();
    let link: quell_api::RunLink = bench.pages.key.open(seal).unwrap();
    assert_eq!(link.expires, (plan.created + TimeDelta::seconds(60)).timestamp());
    assert_eq!((link.run, link.undo), (plan.run.clone(), None));
}
