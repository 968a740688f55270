//! Who may answer, and in whose name.

use std::fs;

use chrono::{TimeDelta, TimeZone, Utc};
use quell_playbook::model::IfExpired;
use quell_run::{About, Bond, Question, QuestionId, RunId};

use super::*;
use crate::config;
use crate::wire::Reach;

const SITE: &str = "language: 1
state: state
exclusions: exclusions.yaml
connectors:
  lab: { folder: lab }
teams:
  soc: [ann, bob]
  it: [carol]
pages:
  public_url: https://quell.example
  secret: { file: key }
";

async fn desk(folder: &tempfile::TempDir) -> Desk {
    fs::write(folder.path().join("quell.yaml"), SITE).unwrap();
    fs::write(folder.path().join("key"), "0123456789abcdef0123456789abcdef").unwrap();
    fs::write(folder.path().join("exclusions.yaml"), "language: 1\nexclusions: []\n").unwrap();
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    Desk::of(&Arc::new(App::open(site, Reach::Tending).await.unwrap())).unwrap()
}

fn asked(of: &[&str]) -> QuestionState {
    let at = Utc.with_ymd_and_hms(2026, 3, 1, 8, 0, 0).unwrap();
    let question = Question {
        id: QuestionId("plan".into()),
        about: About::Plan,
        text: "May it be done?".into(),
        of: of.iter().map(|team| (*team).to_owned()).collect(),
        choices: vec!["approve".into(), "reject".into()],
        stopping: vec!["reject".into()],
        quorum: 2,
        expires: at + TimeDelta::hours(1),
        if_expired: IfExpired::Stop,
        bond: Bond("ab".repeat(32)),
        through: Some("mail".into()),
    };
    let reply = Reply { choice: "approve".into(), by: "ann".into(), remark: None, through: None };
    QuestionState { question, asked: at, replies: vec![(reply, at)], settled: None, deliveries: None }
}

fn link(person: Option<&str>, way: Way) -> AnswerLink {
    AnswerLink {
        run: RunId("7ffc".into()),
        question: QuestionId("plan".into()),
        bond: Bond("ab".repeat(32)),
        choice: "approve".into(),
        through: "mail".into(),
        person: person.map(str::to_owned),
        way,
        expires: 1_800_000_000,
    }
}

#[tokio::test]
async fn only_those_who_are_asked_answer_and_each_of_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&folder).await;
    let soc = asked(&["soc"]);
    assert_eq!(desk.may(&soc, "bob"), Ok(()));
    assert_eq!(desk.may(&soc, "ann"), Err(NoAnswer::Again("ann".into())));
    for stranger in ["carol", "eve", "soc", ""] {
        assert_eq!(desk.may(&soc, stranger), Err(NoAnswer::NotAsked(stranger.into())));
    }
    assert_eq!(desk.may(&asked(&[]), "carol"), Ok(()), "asked is everybody whom the site knows");
    assert_eq!(desk.may(&asked(&[]), "eve"), Err(NoAnswer::NotAsked("eve".into())));
    desk.app.store.close();
}

#[test]
fn an_answer_is_given_in_the_name_of_whoever_gave_it() {
    let heard = Heard { by: "eve".into(), seal: "x".into(), back: None };
    assert_eq!(Desk::by(&link(Some("ann"), Way::Button), Some(&heard)), "eve", "the channel saw who clicked");
    assert_eq!(Desk::by(&link(Some("ann"), Way::Page), None), "ann");
    assert_eq!(Desk::by(&link(None, Way::Page), None), "mail");
}

#[tokio::test]
async fn a_seal_is_of_use_on_its_own_way_only() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&folder).await;
    for (way, other) in [(Way::Page, Way::Button), (Way::Button, Way::Page)] {
        let sealed = link(Some("ann"), way);
        let seal = desk.pages.key.seal(&sealed);
        assert_eq!(desk.read(&seal, way), Ok(sealed));
        assert_eq!(desk.read(&seal, other), Err(NoAnswer::Tampered));
    }
    desk.app.store.close();
}
