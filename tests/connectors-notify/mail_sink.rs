//! [`MailSink`]: a relay on loopback that keeps what it takes, and misbehaves as told.

use std::sync::Arc;

use parking_lot::Mutex;
use quell_kit::conformance::{Mishap, Vendor};
use quell_kit::scripted::Mishaps;
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::stand::SECRET;

/// A mail as it was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
}

/// How the relay is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// TLS from the start.
    Tls,
    /// TLS when asked for.
    Starttls,
    /// Never TLS.
    Clear,
}

pub(crate) struct MailSink {
    pub(crate) port: u16,
    pub(crate) ca: String,
    pub(crate) state: Arc<State>,
    accepting: JoinHandle<()>,
}

pub(crate) struct State {
    door: Door,
    pub(crate) behaviour: Mutex<Vendor>,
    pub(crate) taken: Mutex<Vec<Taken>>,
    /// Everything that was said to it in clear.
    pub(crate) overheard: Mutex<String>,
    /// What happens at one of the commands; the end of a mail is one, too.
    pub(crate) mishaps: Mishaps,
    /// What is answered to this command; to the end of a mail, for `END`.
    pub(crate) answers: Mutex<Option<(&'static str, String)>>,
}

impl MailSink {
    pub(crate) async fn start(door: Door) -> Self {
        let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            door,
            behaviour: Mutex::new(Vendor::Answers),
            taken: Mutex::default(),
            overheard: Mutex::default(),
            mishaps: Mishaps::default(),
            answers: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&shared)));
            }
        });
        Self { port, ca: certified.cert.pem(), state, accepting }
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    match state.door {
        Door::Tls => {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            talk(BufReader::new(stream), &state, true, true).await;
        }
        Door::Starttls | Door::Clear => {
            let stream = BufReader::new(stream);
            let Some(stream) = talk(stream, &state, false, true).await else { return };
            let Ok(stream) = acceptor.accept(stream.into_inner()).await else { return };
            talk(BufReader::new(stream), &state, true, false).await;
        }
    }
}

/// Talks until the end, or until the other side wants TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    state: &State,
    encrypted: bool,
    greet: bool,
) -> Option<BufReader<S>> {
    let how = *state.behaviour.lock();
    if greet {
        say(&mut stream, "220 sink ESMTP").await?;
    }
    let mut mail = Taken::default();
    loop {
        let line = hear(&mut stream, state, encrypted).await?;
        if let Some(mishap) = state.mishaps.next() {
            happen(&mut stream, mishap).await?;
            continue;
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = state.answers.lock().clone().filter(|(to, _)| *to == word);
        if let Some((_, answer)) = answer {
            say(&mut stream, &answer).await?;
            continue;
        }
        match word.as_str() {
            "EHLO" if encrypted => say(&mut stream, "250-sink\r\n250 AUTH PLAIN LOGIN").await?,
            "EHLO" if state.door == Door::Starttls => say(&mut stream, "250-sink\r\n250 STARTTLS").await?,
            "EHLO" => say(&mut stream, "250 sink").await?,
            "STARTTLS" => {
                say(&mut stream, "220 go on").await?;
                return Some(stream);
            }
            "AUTH" => {
                let right = line.ends_with(&base64(&format!("\0quell\0{SECRET}")));
                let answer = match right && how != Vendor::RefusesCredentials {
                    true => "235 2.7.0 welcome".to_owned(),
                    false => format!("535 5.7.8 no: {line}"),
                };
                say(&mut stream, &answer).await?;
            }
            "MAIL" => {
                mail = Taken { from: address(&line), ..Taken::default() };
                say(&mut stream, "250 2.1.0 ok").await?;
            }
            "RCPT" => {
                let answer = match how {
                    Vendor::Forbids => "550 5.7.1 relaying denied",
                    Vendor::Throttles(_) => "451 4.7.1 too many mails",
                    _ if line.contains("nobody@") => "550 5.1.1 no such user",
                    _ => "250 2.1.5 ok",
                };
                mail.to.push(address(&line));
                say(&mut stream, answer).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                mail.data = data(&mut stream).await?;
                let (mishap, planned) = (state.mishaps.next(), state.answers.lock().clone());
                if !matches!(mishap, Some(Mishap::Fails | Mishap::IsBusy)) {
                    state.taken.lock().push(mail.clone());
                }
                match mishap {
                    Some(mishap) => happen(&mut stream, mishap).await?,
                    None => match planned {
                        Some(("END", answer)) => say(&mut stream, &answer).await?,
                        _ => taken(&mut stream, how).await?,
                    },
                }
            }
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return None;
            }
            _ => say(&mut stream, "502 what?").await?,
        }
    }
}

/// What comes in the place of an answer; nothing where the connection is over.
async fn happen<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, mishap: Mishap) -> Option<()> {
    match mishap {
        Mishap::Fails => say(stream, "451 4.3.0 something broke").await,
        Mishap::IsBusy => {
            say(stream, "421 4.3.2 come again").await?;
            None
        }
        Mishap::Silence => {
            // Until the other side gives up.
            let _ = stream.read_u8().await;
            None
        }
        Mishap::Cut => {
            send(stream, b"25").await;
            None
        }
        _ => say(stream, "\u{1}\u{2} no SMTP").await,
    }
}

async fn taken<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, how: Vendor) -> Option<()> {
    match how {
        Vendor::HangsAfter => {
            // Until the other side gives up.
            let _ = stream.read_u8().await;
            None
        }
        Vendor::Cuts => {
            send(stream, b"25").await;
            None
        }
        Vendor::Trickles => {
            let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
            while send(stream, b"250-still at it\r\n").await.is_some() {
                beat.tick().await;
            }
            None
        }
        Vendor::TalksNonsense => say(stream, "\u{1}\u{2} no SMTP").await,
        _ => say(stream, "250 2.0.0 queued as 4F2").await,
    }
}

async fn data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

async fn hear<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    state: &State,
    encrypted: bool,
) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    if !encrypted {
        state.overheard.lock().push_str(&line);
    }
    Some(line.trim_end().to_owned())
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> Option<()> {
    send(stream, format!("{line}\r\n").as_bytes()).await
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

/// As passwords are shown when signing in.
pub(crate) fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
