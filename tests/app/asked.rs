//! Questions that leave the engine: carried by a signed message, answered by a link, refused where they should be, and no
//! secret in what is said or kept.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;
use crate::service::Engine;

const KEY: &str = "planted-answer-key-0123456789abcdef";

pub(crate) const BY_HAND: &str = "language: 1
playbook: ask-first
title: Ask before somebody is cut off
mode: act
when:
  manual: true
inputs:
  target: account
approval: { ask: [soc], through: soc-channel, expires: 30m }
for_each: account
steps:
  - id: cut_off
    do: account.disable
    approval: ask
";

const SECTIONS: &str = "
teams:
  soc: [ann, soc-channel]
pages:
  public_url: http://localhost:1
  secret: { file: answer-key }
";

/// A receiver of webhooks: hands on the body of each message.
pub(crate) fn receiver() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (taken, messages) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Some(body) = stream.ok().and_then(take) else { continue };
            if taken.send(body).is_err() {
                return;
            }
        }
    });
    (address, messages)
}

/// Reads a request, says that it was taken, and hands on its body.
fn take(mut stream: TcpStream) -> Option<Value> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .ok()?;
                return serde_json::from_str(body).ok();
            }
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            read => seen.extend_from_slice(&buffer[..read]),
        }
    }
}

/// What the engine answers to somebody who opens a link, or clicks its button.
fn open(place: &Place, method: &str, link: &str) -> (u16, String) {
    send(place, method, link, "")
}

/// The same with a form that is filled in.
pub(crate) fn send(place: &Place, method: &str, link: &str, form: &str) -> (u16, String) {
    let path = link.strip_prefix("http://localhost:1").expect("a link to the public address");
    let mut stream = TcpStream::connect(place.read("state/api.address").trim()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

pub(crate) fn site(receiver: &str) -> Place {
    let place = Place::with_site();
    place.write("playbooks/ask-first.yaml", BY_HAND);
    place.write("answer-key", KEY);
    place.write("hook-key", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let hook = format!(
        "connectors:\n  soc-channel:\n    kind: webhook\n    endpoints:\n      desk: {{ url: \"http://{receiver}/\", secret: {{ file: hook-key }} }}\n"
    );
    place.change("quell.yaml", "connectors:\n", &hook);
    place.write("quell.yaml", place.read("quell.yaml") + SECTIONS);
    place
}

#[test]
fn a_question_is_answered_by_its_link_once() {
    let (address, messages) = receiver();
    let place = site(&address);
    let (engine, _pipe) = Engine::that_waits(&place);
    place.quell(&["start", "ask-first", "--input", "target=alice@contoso.example", "--yes"]).well();
    let question = messages.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(question["type"], "quell.question");
    let choices = question["data"]["choices"].as_array().unwrap();
    let link = |answer: &str| {
        let choice = choices.iter().find(|choice| choice["answer"] == answer).unwrap();
        choice["open"].as_str().unwrap().to_owned()
    };
    let (approve, reject) = (link("approve"), link("reject"));
    for _ in 0..2 {
        let (status, page) = open(&place, "GET", &approve);
        assert_eq!(status, 200, "{page}");
        assert!(
            page.contains("account.disable of alice@contoso.example") && page.contains("Answer: approve"),
            "{page}"
        );
    }
    let list = place.quell(&["approvals", "list", "--json"]).well().json();
    assert_eq!(list.as_array().unwrap().len(), 1, "opening a link answers nothing: {list}");
    // Whoever sits at the terminal and is in none of the teams cannot answer either.
    let named =
        format!("{}/{}", list[0]["run"].as_str().unwrap(), list[0]["question"]["id"].as_str().unwrap());
    let stranger = place.quell(&["approvals", "approve", &named]);
    let said = format!("{}{}", stranger.out, stranger.err);
    assert!(said.contains("operator is in none of the teams that are asked: soc"), "{said}");
    let list = place.quell(&["approvals", "list", "--json"]).well().json();
    assert_eq!(list[0]["replies"].as_array().unwrap().len(), 0, "{list}");
    let changed =
        format!("{}{}", &approve[..approve.len() - 1], if approve.ends_with('A') { "Q" } else { "A" });
    assert_eq!(open(&place, "POST", &changed).0, 403);
    assert_eq!(open(&place, "POST", &approve).0, 200);
    for again in [&approve, &reject] {
        let (status, page) = open(&place, "POST", again);
        assert_eq!(status, 409, "{page}");
        assert!(page.contains("answered approve, by soc-channel"), "{page}");
    }
    let word = messages.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(word["type"], "quell.question.settled");
    assert_eq!(word["data"]["answered"], "Answered: approve, by soc-channel");
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    let run = runs[0]["id"].as_str().unwrap();
    let shown = place.quell(&["runs", "show", run]).well().out;
    assert!(shown.contains("answered approve by soc-channel through soc-channel"), "{shown}");
    assert!(shown.contains("the question was sent to desk"), "{shown}");
    let audit = place.quell(&["audit", "export", "--json"]).well().out;
    // The stranger at the terminal, and three links.
    assert_eq!(audit.matches("answer_refused").count(), 4, "{audit}");
    place.quell(&["audit", "verify"]).well();
    let journal = place.quell(&["runs", "show", run, "--json"]).well().out;
    engine.signal("TERM");
    let (_, log) = engine.ended();
    let seal = approve.rsplit('/').next().unwrap();
    for (name, text) in [("log", &log), ("journal", &journal), ("record", &shown), ("audit", &audit)] {
        for secret in [KEY, &seal[..40], seal.rsplit('.').next().unwrap(), "AAECAwQF"] {
            assert!(!text.contains(secret), "a secret is in the {name}");
        }
    }
    assert!(place.holds("state/store", "account.disable"), "the store can be looked through");
    for secret in [KEY, seal.rsplit('.').next().unwrap()] {
        assert!(!place.holds("state/store", secret), "a secret is in the store");
    }
}

#[test]
fn through_is_refused_where_it_leads_nowhere() {
    let (address, _messages) = receiver();
    let place = site(&address);
    place.quell(&["check"]).well();
    let refused = |from: &str, to: &str, words: &str| {
        let place = site(&address);
        let file =
            if place.read("quell.yaml").contains(from) { "quell.yaml" } else { "playbooks/ask-first.yaml" };
        place.change(file, from, to);
        let said = place.quell(&["check"]).with_code(1);
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains(words), "{words}: {all}");
    };
    refused("through: soc-channel", "through: soc-chanel", "did you mean: `soc-channel`?");
    refused("through: soc-channel", "through: lab", "carries no questions");
    refused("[ann, soc-channel]", "[ann]", "reaches nobody of the team `soc`");
    refused(
        "pages:\n  public_url: http://localhost:1\n  secret: { file: answer-key }\n",
        "",
        "has no section `pages`",
    );
    refused("http://localhost:1", "http://quell.corp.example", "must begin with https://");
    refused("http://localhost:1", "https://quell.corp.example/x", "must end with the host");
}
