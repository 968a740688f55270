//! A vendor that repeats whatever it is sent, in every member in which vendors say why they refuse.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

/// The tokens that it gives out are as secret as what they are given for.
pub(crate) const TOKEN: &str = "planted-token-of-the-vendor";

/// The vendor, and all that it was sent.
pub(crate) struct Echo {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    status: u16,
    signs_in: bool,
    /// Everything that came, as it came.
    all: String,
    /// What was shown to prove something: passwords in every form, tokens, assertions.
    shown: BTreeSet<String>,
    /// The last link to a page that a message held.
    link: Option<String>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let state = Arc::new(Mutex::new(State::default()));
        let behind = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&behind);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url, state }
    }

    /// From now on answers with this status, and gives out tokens or refuses to.
    pub(crate) fn answers(&self, status: u16, signs_in: bool) {
        let mut state = self.state.lock().unwrap();
        (state.status, state.signs_in) = (status, signs_in);
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn all(&self) -> String {
        self.state.lock().unwrap().all.clone()
    }

    pub(crate) fn shown(&self) -> BTreeSet<String> {
        self.state.lock().unwrap().shown.clone()
    }

    pub(crate) fn link(&self) -> Option<String> {
        self.state.lock().unwrap().link.clone()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let from = head.len();
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[from..].trim();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let (status, answer) = state.lock().unwrap().answer(&head, &body);
    let length = answer.len();
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    );
    stream.write_all(reply.as_bytes()).ok()
}

impl State {
    fn answer(&mut self, head: &str, body: &str) -> (u16, String) {
        self.all.push_str(head);
        self.all.push_str(body);
        for line in head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if ["authorization", "x-identity-header", "x-api-key"].contains(&name.to_lowercase().as_str()) {
                let proof = value.rsplit(' ').next().unwrap_or(value);
                self.shown.insert(proof.to_owned());
                self.all += &decoded(proof);
            }
        }
        for pair in body.split('&') {
            let proof =
                ["client_secret=", "client_assertion="].iter().find_map(|name| pair.strip_prefix(name));
            self.shown.extend(proof.map(str::to_owned));
        }
        if let Some((_, rest)) = body.split_once("http://localhost:1/") {
            let end = rest.find(['"', '|', '>', '\\', ')']).unwrap_or(rest.len());
            self.link = Some(format!("http://localhost:1/{}", &rest[..end]));
        }
        let is_sign_in = head.contains("/oauth2/") || head.contains("identity-endpoint");
        if is_sign_in && self.signs_in {
            let token = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599 });
            return (200, token.to_string());
        }
        let said = format!("{head}{body}");
        let answer = json!({
            "error": if is_sign_in { json!(said) } else { json!({ "code": said, "message": said, "detail": said }) },
            "error_description": said, "errorCode": said, "errorSummary": said, "errorCauses": [{ "errorSummary": said }],
            "message": said, "detail": said, "status": said, "type": said, "errorMessages": [said], "errors": { "a": said },
            "ok": false, "result": said,
        });
        (if is_sign_in { 401 } else { self.status }, answer.to_string())
    }
}

/// What stands in base64, or nothing where that is no text.
fn decoded(text: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut kept, mut bits) = (Vec::new(), 0_u32, 0);
    for value in text.chars().filter_map(|letter| LETTERS.find(letter)) {
        kept = (kept << 6 | u32::try_from(value).unwrap_or(0)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((kept >> bits & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}
