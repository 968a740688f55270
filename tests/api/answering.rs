//! `/answer/…` over real HTTP: opened links answer nothing, buttons answer once, and nothing of it needs the token.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use parking_lot::Mutex;
use quell_action::{Callback, Heard};
use quell_alert::Timestamp;
use quell_api::{AnswerDesk, AnswerLink, Answers, Attempt, LinkKey, NoAnswer, Pace, RunPages, Sheet, Way};
use quell_run::testing::ManualClock;
use quell_run::{Bond, QuestionId, RunId};
use reqwest::StatusCode;
use secrecy::SecretString;

use crate::recorder::Recorder;
use crate::server::{AT_ONCE, Server};

const HOST: &str = "quell.corp.example";

/// What was answered, and by whom where the way says so.
type Answered = (String, Option<String>);

/// A desk with one question, which remembers what it was told.
#[derive(Clone)]
struct OneQuestion {
    key: LinkKey,
    answered: Arc<Mutex<Vec<Answered>>>,
    refused: Arc<Mutex<Vec<String>>>,
    replied: Arc<Mutex<Vec<String>>>,
}

impl OneQuestion {
    fn new() -> Self {
        let key = LinkKey::new(&SecretString::from("0123456789abcdef0123456789abcdef")).unwrap();
        Self { key, answered: Arc::default(), refused: Arc::default(), replied: Arc::default() }
    }

    async fn server(&self) -> Server {
        let (pace, now) = (Arc::<Pace>::default(), Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
        let answers = Answers {
            desk: Arc::new(self.clone()),
            pace: Arc::clone(&pace),
            now: Arc::<ManualClock>::clone(&now),
        };
        let pages = RunPages { key: self.key.clone(), host: HOST.into(), pace, now };
        Server::answering(Recorder::default(), answers, pages).await
    }

    fn seal(&self, person: Option<&str>, way: Way) -> String {
        self.key.seal(&link(person, way))
    }

    fn sheet(&self, link: &AnswerLink, by: &str) -> Sheet {
        Sheet {
            title: "Quell asks: <script>alert(1)</script>".into(),
            question: "Cut off <i>\"alice\"</i>?".into(),
            facts: vec![("<b>About".into(), "<b>alice</b>".into())],
            choice: link.choice.clone(),
            stops: false,
            by: by.into(),
            personal: link.person.is_some(),
            expires: Timestamp::UNIX_EPOCH,
            missing: 1,
        }
    }
}

fn link(person: Option<&str>, way: Way) -> AnswerLink {
    AnswerLink {
        run: RunId("r1".into()),
        question: QuestionId("0/confirm".into()),
        bond: Bond("b".into()),
        choice: "approve".into(),
        through: "mail".into(),
        person: person.map(str::to_owned),
        way,
        expires: 1,
    }
}

#[async_trait]
impl AnswerDesk for OneQuestion {
    fn read(&self, seal: &str, way: Way) -> Result<AnswerLink, NoAnswer> {
        self.key.open(seal).ok().filter(|link: &AnswerLink| link.way == way).ok_or(NoAnswer::Tampered)
    }

    fn hear(&self, _: &str, callback: &Callback<'_>) -> Result<Heard, NoAnswer> {
        let by = callback.headers.iter().find(|(name, _)| name == "x-by").map(|(_, by)| by.clone());
        let by = by.ok_or_else(|| NoAnswer::Unheard("it is not signed".into()))?;
        let seal = String::from_utf8_lossy(callback.body).into_owned();
        Ok(Heard { by, seal, back: None })
    }

    async fn look(&self, link: &AnswerLink) -> Result<Sheet, NoAnswer> {
        Ok(self.sheet(link, link.person.as_deref().unwrap_or(&link.through)))
    }

    async fn answer(
        &self,
        link: &AnswerLink,
        heard: Option<&Heard>,
        remark: Option<String>,
    ) -> Result<Sheet, NoAnswer> {
        let by = heard.map(|heard| heard.by.clone()).or(link.person.clone()).unwrap_or(link.through.clone());
        let mut answered = self.answered.lock();
        if answered.iter().any(|(other, _)| *other == by) {
            return Err(NoAnswer::Again(by));
        }
        answered.push((by.clone(), remark));
        Ok(self.sheet(link, &by))
    }

    async fn reply(&self, _: &str, _: &Heard, words: &str) {
        self.replied.lock().push(words.to_owned());
    }

    async fn refused(&self, attempt: Attempt<'_>) {
        self.refused.lock().push(attempt.why.word().to_owned());
    }
}

#[tokio::test]
async fn opening_a_link_answers_nothing_and_its_button_answers_once() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let path = format!("/answer/{}", desk.seal(Some("ann"), Way::Page));
    for method in ["GET", "HEAD", "GET"] {
        let opened = server.to(method, &path).send().await.unwrap();
        assert_eq!(opened.status(), StatusCode::OK);
        assert_eq!(opened.headers()["referrer-policy"], "no-referrer");
        assert_eq!(opened.headers()["cache-control"], "no-store");
        assert!(opened.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        let page = opened.text().await.unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>alice"), "what comes from outside is text");
        assert!(method == "HEAD" || page.contains("Answer: approve") && page.contains("in the name of ann"));
    }
    assert!(desk.answered.lock().is_empty(), "programs that look mail over open every link");
    let thanks = server.to("POST", &path).send().await.unwrap();
    assert_eq!(thanks.status(), StatusCode::OK);
    assert!(thanks.text().await.unwrap().contains("One more person"));
    let again = server.to("POST", &path).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(again.text().await.unwrap().contains("Ann has answered already"));
    assert_eq!(*desk.answered.lock(), [("ann".to_owned(), None)]);
    assert_eq!(*desk.refused.lock(), ["again"]);
}

#[tokio::test]
async fn whoever_reads_a_channel_says_who_they_are_for_the_record() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let path = format!("/answer/{}", desk.seal(None, Way::Page));
    let page = server.to("GET", &path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Your name, for the record"));
    let body = "remark=J%C3%BCrgen+%0A+of+the+night+shift&remark=other";
    let answered = server.to("POST", &path).body(body).send().await.unwrap();
    assert_eq!(answered.status(), StatusCode::OK);
    assert_eq!(*desk.answered.lock(), [("mail".to_owned(), Some("Jürgen of the night shift".to_owned()))]);
}

#[tokio::test]
async fn what_was_changed_is_refused_and_only_so_often_written_down() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let seal = desk.seal(Some("ann"), Way::Page);
    let changed = format!("/answer/{}A", seal);
    // More than may come in the time that a busy machine takes for them.
    let pushes = (0..300).map(|_| async { server.to("POST", &changed).send().await.unwrap().status() });
    let seen: Vec<StatusCode> = stream::iter(pushes).buffer_unordered(AT_ONCE).collect().await;
    let refused = seen.iter().filter(|status| **status == StatusCode::FORBIDDEN).count();
    let too_many = seen.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(refused + too_many, seen.len(), "{seen:?}");
    assert!(refused >= 60 && too_many > 0, "whoever pushes at the door fills no record: {refused}");
    assert_eq!(*desk.refused.lock(), vec!["tampered"; refused]);
    // Who has a link does not wait for them. A button's seal is of no use on a page.
    let button = format!("/answer/{}", desk.seal(None, Way::Button));
    assert_ne!(server.to("POST", &button).send().await.unwrap().status(), StatusCode::OK);
    let well = server.to("POST", &format!("/answer/{seal}")).send().await.unwrap();
    assert_eq!(well.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_channel_that_says_who_clicked_is_believed_only_where_it_shows_it() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let (from, seal) = ("/answer/from/mail", desk.seal(None, Way::Button));
    let unsigned = server.to("POST", from).body(seal.clone()).send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    let click = async |by: &str, from: &str, seal: &str| {
        let sent = server.to("POST", from).header("x-by", by).body(seal.to_owned()).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::OK);
        assert_eq!(sent.text().await.unwrap(), "");
    };
    click("ann", from, &seal).await;
    click("ann", from, &seal).await;
    click("bob", "/answer/from/other", &seal).await;
    click("bob", from, &desk.seal(Some("eve"), Way::Page)).await;
    assert_eq!(*desk.answered.lock(), [("ann".to_owned(), None)]);
    assert_eq!(*desk.refused.lock(), ["unheard", "again", "tampered", "tampered"]);
    assert_eq!(desk.replied.lock().len(), 3);
}

#[tokio::test]
async fn the_public_name_leads_to_answers_and_to_nothing_else() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let seal = desk.seal(Some("ann"), Way::Page);
    let status = async |path: &str, host: &str| {
        server.allowed("GET", path).header("host", host).send().await.unwrap().status()
    };
    assert_eq!(status(&format!("/answer/{seal}"), HOST).await, StatusCode::OK);
    assert_eq!(status(&format!("/answer/{seal}"), "evil.example").await, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/api/v1/runs", "/healthz", "/metrics", "/answers", "/api/v1/questions"] {
        assert_eq!(status(path, HOST).await, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    // Where nobody is asked from outside there is no such page.
    let without = Server::new().await;
    let page = without.to("GET", &format!("/answer/{seal}")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::GONE);
}

#[tokio::test]
async fn whatever_a_page_says_is_text_and_nothing_may_be_done_with_it() {
    let desk = OneQuestion::new();
    let server = desk.server().await;
    let hostile = AnswerLink { choice: "<u>yes".into(), ..link(Some("<u>ann"), Way::Page) };
    let path = format!("/answer/{}", desk.key.seal(&hostile));
    for (method, status) in
        [("GET", StatusCode::OK), ("POST", StatusCode::OK), ("POST", StatusCode::CONFLICT)]
    {
        let answer = server.to(method, &path).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("x-content-type-options"), header("x-robots-tag")),
            ("nosniff".into(), "noindex".into())
        );
        assert_eq!(header("referrer-policy"), "no-referrer");
        for directive in
            ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(header("content-security-policy").contains(directive), "{directive}");
        }
        let page = answer.text().await.unwrap();
        assert!(page.contains("&lt;u&gt;ann"), "{page}");
        assert!(!["<script", "<u>", "<i>", "<b>"].iter().any(|tag| page.contains(tag)), "{page}");
    }
}
