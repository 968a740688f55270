//! A domain controller that a test holds in its hand: LDAPS on a free port, a small domain behind it, and a mood.

pub mod ber;
pub mod certificate;
pub mod domain;
pub mod message;
pub mod objects;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{AccountKey, Connection, Connector, DeviceKey, Target};
use quell_active_directory::{ActiveDirectory, Settings};
use quell_kit::conformance::Mishap;
use quell_kit::scripted::Mishaps;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use certificate::CERTIFICATE;
use domain::{Domain, denied, refused_sign_in};
use message::{DOMAIN_SCOPE, Request, Verdict, bound, modified, page, read, searched, searched_in_part};
use objects::guid_of;

/// How a controller behaves.
#[derive(Clone, Default)]
pub enum Mood {
    /// As it should.
    #[default]
    Answers,
    /// It finds nobody.
    KnowsNobody,
    /// It refuses every change.
    Forbids,
    /// It lets nobody read.
    ForbidsReading,
    /// It refuses every sign-in, with this reason.
    RefusesSignIn(&'static str),
    /// It accepts connections and says nothing.
    Silent,
    /// It makes changes and says nothing.
    SilentAfterChange,
    /// It makes changes and cuts the connection in the middle of its answer.
    CutsAfterChange,
    /// It makes changes, and its answer never ends.
    TricklesAfterChange,
    /// It makes changes and answers nonsense.
    BabblesAfterChange,
    /// It cuts the connection at the first search for an object, once.
    CutsOnce(Arc<Mutex<bool>>),
    /// It answers changes so, as long as there is something; what is `None` is done as it should be.
    Scripted(Arc<Mutex<Vec<Script>>>),
    /// It never answers a search for people.
    SilentOnSearch,
    /// It never says which controller is the PDC emulator.
    SilentOnEmulator,
    /// It tells what it finds below the domain in pages of one.
    Pages,
    /// It is too busy for anybody to sign in.
    BusyAtSignIn,
    /// One thing goes wrong at one request, apart from signing in.
    Meets(Arc<Mishaps>),
}

/// An answer to a change instead of the change, and what somebody else does at that moment.
pub struct Script {
    pub answer: Option<Verdict>,
    pub meanwhile: Box<dyn FnOnce(&mut Domain) + Send>,
}

/// A running controller.
pub struct Controller {
    pub url: String,
    pub domain: Arc<Mutex<Domain>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Controller {
    pub async fn start(mood: Mood) -> Self {
        Self::over(Arc::new(Mutex::new(Domain::new())), mood).await
    }

    /// A controller of a domain that there is already.
    pub async fn over(domain: Arc<Mutex<Domain>>, mood: Mood) -> Self {
        Self::called("DC1", domain, mood).await
    }

    /// One of several controllers of a domain.
    pub async fn called(host: &'static str, domain: Arc<Mutex<Domain>>, mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldaps://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(listen(listener, Arc::clone(&domain), Character { host, mood }));
        Self { url, domain, task }
    }

    pub async fn connect(&self) -> Connection {
        connect(&[&self.url]).await
    }

    pub fn sign_ins(&self) -> usize {
        self.domain.lock().sign_ins.len()
    }
}

/// Connects the connector to these controllers.
pub async fn connect(urls: &[&str]) -> Connection {
    connect_with(urls, json!({})).await
}

/// The same, with these changes of the settings.
pub async fn connect_with(urls: &[&str], changes: Value) -> Connection {
    let mut settings = json!({
        "servers": urls,
        "ca_file": CERTIFICATE.ca_file,
        "account": domain::ACCOUNT,
        "password": {"file": CERTIFICATE.password_file},
        "connect_timeout_secs": 1,
        "operation_timeout_secs": 1,
        "search_timeout_secs": 2,
    });
    for (name, value) in changes.as_object().unwrap() {
        settings[name] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).unwrap();
    assert_eq!(ActiveDirectory::check(&settings), []);
    ActiveDirectory::connect("test", settings).await.unwrap()
}

/// An account of the small domain.
pub fn target(name: &str) -> Target {
    Target::Account(AccountKey {
        provider: "active_directory".into(),
        realm: "corp.example".into(),
        id: guid_of(name).to_string(),
    })
}

/// A machine of the small domain, by the name of its account.
pub fn device(name: &str) -> Target {
    let Target::Account(AccountKey { provider, realm, id }) = target(name) else { unreachable!() };
    Target::Device(DeviceKey { provider, realm, id })
}

/// Who a controller is, and how it behaves.
#[derive(Clone)]
struct Character {
    host: &'static str,
    mood: Mood,
}

async fn listen(listener: TcpListener, domain: Arc<Mutex<Domain>>, character: Character) {
    // Connections end with the controller.
    let mut open = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        open.spawn(serve(stream, Arc::clone(&domain), character.clone()));
    }
}

async fn serve(stream: TcpStream, domain: Arc<Mutex<Domain>>, character: Character) {
    if matches!(character.mood, Mood::Silent) {
        std::future::pending::<()>().await;
    }
    if let Ok(stream) = TlsAcceptor::from(Arc::clone(&CERTIFICATE.server)).accept(stream).await {
        talk(stream, &domain, &character).await;
    }
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    domain: &Mutex<Domain>,
    character: &Character,
) {
    let mut bytes = Vec::new();
    loop {
        while let Some((element, rest)) = ber::take(&bytes) {
            let (id, request) = read(element);
            let left = rest.len();
            let end = bytes.len() - left;
            match answer(id, &request, domain, character) {
                Reply::Bytes(answer) => {
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
                Reply::Nothing => {}
                Reply::Cut(part) => {
                    let _ = stream.write_all(&part).await;
                    let _ = stream.shutdown().await;
                    return;
                }
                Reply::Trickle => return trickle(stream).await,
            }
            bytes.drain(..end);
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

async fn trickle(mut stream: impl AsyncWrite + Unpin) {
    let mut next: &[u8] = &[0x30, 0x84, 0x00, 0x10, 0x00, 0x00];
    loop {
        let (byte, rest) = next.split_first().map_or((0, next), |(byte, rest)| (*byte, rest));
        next = rest;
        if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

enum Reply {
    Bytes(Vec<u8>),
    Nothing,
    Cut(Vec<u8>),
    Trickle,
}

fn answer(id: i64, request: &Request, domain: &Mutex<Domain>, character: &Character) -> Reply {
    let Character { host, mood } = character;
    let mut domain = domain.lock();
    note(request, host, &mut domain);
    if let Mood::Meets(mishaps) = mood
        && !matches!(request, Request::Bind { .. } | Request::Unbind)
        && let Some(mishap) = mishaps.next()
    {
        let character = Character { host, mood: Mood::Answers };
        return meet(mishap, id, request, || answer_to(id, request, &mut domain, &character));
    }
    answer_to(id, request, &mut domain, character)
}

/// What comes of a request at which this happens.
fn meet(mishap: Mishap, id: i64, request: &Request, carry_out: impl FnOnce() -> Reply) -> Reply {
    let refused = |code, text: &str| {
        let verdict = Verdict::new(code, text);
        Reply::Bytes(match request {
            Request::Search { .. } => searched(id, &[], &verdict),
            _ => modified(id, &verdict),
        })
    };
    match mishap {
        Mishap::Fails => {
            return refused(80, "0000200F: SvcErr: DSID-03210000, problem 5002 (UNAVAILABLE), data 0");
        }
        Mishap::IsBusy => return refused(51, "0000200E: SvcErr: DSID-03210000, problem 5001 (BUSY), data 0"),
        _ => {}
    }
    let Reply::Bytes(bytes) = carry_out() else { return Reply::Nothing };
    match mishap {
        Mishap::Silence => Reply::Nothing,
        Mishap::Trickle => Reply::Trickle,
        Mishap::Cut => Reply::Cut(bytes[..bytes.len() / 2].to_vec()),
        Mishap::Oversized => {
            let mut endless = vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff];
            endless.resize(5 * 1024 * 1024, 0);
            Reply::Bytes(endless)
        }
        _ => Reply::Bytes(babble(&bytes)),
    }
}

fn answer_to(id: i64, request: &Request, domain: &mut Domain, character: &Character) -> Reply {
    let Character { host, mood } = character;
    match (request, mood) {
        (Request::Bind { account, .. }, Mood::RefusesSignIn(data)) => {
            domain.sign_ins.push(account.clone());
            Reply::Bytes(bound(id, &refused_sign_in(data)))
        }
        (Request::Bind { account, .. }, Mood::BusyAtSignIn) => {
            domain.sign_ins.push(account.clone());
            Reply::Bytes(bound(id, &Verdict::new(51, "0000200E: SvcErr: DSID-02070534, data 0\n\0")))
        }
        (Request::Bind { account, password }, _) => {
            Reply::Bytes(bound(id, &domain.sign_in(account, password)))
        }
        (Request::Search { base, .. }, Mood::CutsOnce(done)) if base.starts_with('<') && !*done.lock() => {
            *done.lock() = true;
            Reply::Cut(vec![0x30])
        }
        (Request::Search { base, .. }, _) if base.is_empty() => {
            Reply::Bytes(searched(id, &[(String::new(), domain.root(host))], &Verdict::good()))
        }
        (Request::Search { scope: 0, base, .. }, Mood::SilentOnEmulator) if base.starts_with("DC=") => {
            Reply::Nothing
        }
        (Request::Search { base, .. }, Mood::SilentOnSearch) if base.starts_with('<') => Reply::Nothing,
        (Request::Search { base, .. }, Mood::ForbidsReading) if base.starts_with('<') => {
            Reply::Bytes(searched(id, &[], &denied()))
        }
        (Request::Search { base, .. }, Mood::KnowsNobody) if base.starts_with('<') => {
            let verdict = domain.search("<GUID=nobody>", 0, &message::Filter::All(Vec::new()), &[]).1;
            Reply::Bytes(searched(id, &[], &verdict))
        }
        (Request::Search { base, scope: scope @ 1.., filter, attributes, controls }, Mood::Pages) => {
            assert!(controls.iter().any(|control| control.kind == DOMAIN_SCOPE), "{base}");
            let at = page(controls).unwrap();
            let (found, _) = domain.search(base, *scope, filter, attributes);
            let next = (at + 1 < found.len()).then_some(at + 1);
            Reply::Bytes(searched_in_part(
                id,
                found.get(at).map(std::slice::from_ref).unwrap_or_default(),
                next,
            ))
        }
        (Request::Search { base, scope, filter, attributes, .. }, _) => {
            let (found, verdict) = domain.search(base, *scope, filter, attributes);
            Reply::Bytes(searched(id, &found, &verdict))
        }
        (Request::Modify { .. }, Mood::Forbids) => Reply::Bytes(modified(id, &denied())),
        (Request::Modify { object, changes }, mood) => {
            let script = match mood {
                Mood::Scripted(scripts) if !scripts.lock().is_empty() => Some(scripts.lock().remove(0)),
                _ => None,
            };
            let verdict = script.and_then(|script| {
                (script.meanwhile)(domain);
                script.answer
            });
            let verdict = verdict.unwrap_or_else(|| domain.modify(object, changes));
            after_change(modified(id, &verdict), mood)
        }
        (Request::Unbind, _) => Reply::Cut(Vec::new()),
        (Request::Other(tag), _) => panic!("nobody of ours sends {tag:#x}"),
    }
}

/// Keeps in mind which controller was asked and told what.
fn note(request: &Request, host: &'static str, domain: &mut Domain) {
    match request {
        Request::Search { base, scope: 0, .. } if base.starts_with("DC=") => {
            domain.asked_for_emulator.push(host);
        }
        Request::Search { base, .. } if base.starts_with("DC=") => domain.searched.push(host),
        Request::Modify { .. } => domain.told.push(host),
        _ => {}
    }
}

fn after_change(answer: Vec<u8>, mood: &Mood) -> Reply {
    match mood {
        Mood::SilentAfterChange => Reply::Nothing,
        Mood::CutsAfterChange => Reply::Cut(answer[..answer.len() / 2].to_vec()),
        Mood::TricklesAfterChange => Reply::Trickle,
        // Well-formed BER, and no LDAP: what parsers trip over.
        Mood::BabblesAfterChange => Reply::Bytes(babble(&answer)),
        _ => Reply::Bytes(answer),
    }
}

/// The answer with its result taken out: the number of the request fits, and there is nothing behind it.
fn babble(answer: &[u8]) -> Vec<u8> {
    let (whole, _) = ber::take(answer).unwrap();
    let id = whole.inner()[0].number();
    ber::sequence(0x30, &[ber::integer(id), ber::sequence(0x67, &[])])
}
