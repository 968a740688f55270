//! Who may answer, and in whose name.

use std::fs;

use chrono::{TimeDelta, TimeZone, Utc};
use quell_api::Operations as _;
use quell_playbook::model::IfExpired;
use quell_run::{About, Bond, Question, QuestionId, RunId};
use serde_json::json;

use super::*;
use crate::config;
use crate::operations::Local;
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

pub(crate) const ASK_FIRST: &str = "language: 1
playbook: ask-first
title: Ask before somebody is cut off
mode: act
when: { manual: true }
inputs: { target: account }
approval: { ask: [soc], expires: 30m }
for_each: account
steps:
  - do: account.disable
    at: [okta]
    approval: ask
";

/// A desk with a question to the soc, and a link with the answer that it waits for.
async fn asking(folder: &tempfile::TempDir) -> (Desk, AnswerLink) {
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join("playbooks/ask-first.yaml"), ASK_FIRST).unwrap();
    let desk = desk(folder).await;
    let local = Local::new(Arc::clone(&desk.app));
    let inputs = json!({ "target": "bob@contoso.example" });
    let order =
        json!({ "playbook": "ask-first", "inputs": inputs, "by": "eve", "ticket": "1", "dry": false });
    local.start(&serde_json::from_value(order).unwrap()).await.unwrap();
    let open = local.questions().await.unwrap().remove(0);
    let question = open.question;
    let expires = question.expires.timestamp();
    let (bond, choice) = (question.bond, question.choices[0].clone());
    let link = AnswerLink {
        run: open.run,
        question: question.id,
        bond,
        choice,
        expires,
        ..link(Some("ann"), Way::Page)
    };
    (desk, link)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_for_what_is_asked_while_it_is_asked_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, link) = asking(&folder).await;
    let gone = AnswerLink { run: RunId("7ffc".into()), ..link.clone() };
    let other_plan = AnswerLink { bond: Bond("0".repeat(64)), ..link.clone() };
    let expired = AnswerLink { expires: 1_700_000_000, ..link.clone() };
    let not_asked = AnswerLink { person: Some("carol".into()), ..link.clone() };
    for (link, why) in [
        (&gone, NoAnswer::Gone),
        (&other_plan, NoAnswer::OtherPlan),
        (&expired, NoAnswer::Expired),
        (&not_asked, NoAnswer::NotAsked("carol".into())),
    ] {
        assert_eq!(desk.look(link).await.err(), Some(why.clone()), "{link:?}");
        assert_eq!(desk.answer(link, None, None).await.err(), Some(why), "{link:?}");
    }
    let sheet = desk.look(&link).await.unwrap();
    assert_eq!((sheet.by.as_str(), sheet.missing, sheet.stops), ("ann", 0, false));
    desk.answer(&link, None, None).await.unwrap();
    for late in [&link, &expired] {
        let again = desk.look(late).await.err();
        assert!(matches!(&again, Some(NoAnswer::Settled(how)) if how.contains("ann")), "{again:?}");
        assert!(matches!(desk.answer(late, None, None).await, Err(NoAnswer::Settled(_))));
    }
    desk.app.engine.idle().await;
    desk.app.store.close();
}

#[test]
fn how_many_more_are_needed_is_said_as_it_is() {
    let mut asked = asked(&["soc"]);
    assert_eq!(missing(&asked, "approve"), 0, "ann has approved, and two are needed");
    assert_eq!(missing(&asked, "reject"), 0, "one no is enough");
    asked.replies.clear();
    assert_eq!(missing(&asked, "approve"), 1);
    asked.question.quorum = 3;
    assert_eq!(missing(&asked, "approve"), 2);
}
