//! [`ScriptedServer`]: an HTTP server on loopback that answers as told, and misbehaves as told. For tests.
//!
//! It counts nothing by itself: the script keeps the vendor's state and decides what each request does to it.

mod behaviour;
mod clothes;
mod cloud;
mod mishaps;
mod signed;
mod token_desk;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

pub use behaviour::behave;
pub use clothes::{dressed_up, of_old};
pub use cloud::ScriptedCloud;
pub use mishaps::Mishaps;
pub use signed::Signed;
pub use token_desk::{TOKEN, TokenDesk};

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `POST`.
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// Headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What the server does with a request. The script has decided before whether it takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A whole answer.
    Answer {
        /// Its status.
        status: u16,
        /// Its headers, apart from the length.
        headers: Vec<(String, String)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// No answer, and the connection stays open.
    Silence,
    /// The beginning of a successful answer, then the connection is closed.
    Cut,
    /// A successful answer that never ends, a byte at a time.
    Trickle,
    /// These bytes, which need not be HTTP, then the connection is closed.
    Raw(Vec<u8>),
}

impl Reply {
    /// An answer with a status and a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::Answer { status, headers, body: body.to_string().into_bytes() }
    }

    /// An answer with a status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header to an answer.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A request, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub seen: Seen,
    /// The answer to it.
    pub reply: Reply,
}

/// A server on a loopback port of its own, until it is dropped.
pub struct ScriptedServer {
    address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    accepting: JoinHandle<()>,
}

impl ScriptedServer {
    /// Starts one that asks this script about every request.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&exchanges), Arc::new(script));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&script)));
            }
        });
        Ok(Self { address, exchanges, accepting })
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.exchanges.lock().iter().map(|exchange| exchange.seen.clone()).collect()
    }

    /// Every request so far with its answer, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A loopback URL at which nobody listens: connecting is refused.
///
/// # Errors
/// When no loopback port can be had.
pub async fn refusing_url() -> std::io::Result<String> {
    // Bound and not listening. It stays so while the test runs: a port that is let go is soon another server's.
    let socket = Box::leak(Box::new(TcpSocket::new_v4()?));
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    Ok(format!("http://{}", socket.local_addr()?))
}

/// A loopback address at which connecting never ends, until it is dropped: its queue is full and nobody takes from it.
pub struct DeafServer {
    address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _queue: Vec<JoinHandle<std::io::Result<TcpStream>>>,
}

impl DeafServer {
    /// Starts one.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        // The system takes one or two more than asked for, so the queue is filled with some to spare.
        let mut queue: Vec<_> = (0..8).map(|_| tokio::spawn(TcpStream::connect(address))).collect();
        for waiting in &mut queue {
            if tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err() {
                break;
            }
        }
        Ok(Self { address, _listener: listener, _queue: queue })
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for DeafServer {
    fn drop(&mut self) {
        self._queue.iter().for_each(JoinHandle::abort);
    }
}

async fn serve(
    stream: TcpStream,
    log: Arc<Mutex<Vec<Exchange>>>,
    script: Arc<impl Fn(&Seen) -> Reply + Send + Sync + 'static>,
) {
    // Head and body are written apart; without this the second waits for the first to be acknowledged.
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read_request(&mut stream).await {
        let reply = script(&seen);
        log.lock().push(Exchange { seen, reply: reply.clone() });
        if !write_reply(&mut stream, reply).await {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { method, path, headers, body })
}

/// Whether the connection may go on.
async fn write_reply(stream: &mut BufReader<TcpStream>, reply: Reply) -> bool {
    match reply {
        Reply::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
            headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
            head.push_str("\r\n");
            send(stream, head.as_bytes()).await && send(stream, &body).await
        }
        Reply::Silence => {
            // Holds the connection until the other side gives up.
            let _ = stream.read_u8().await;
            false
        }
        Reply::Cut => {
            send(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"half\":").await;
            false
        }
        Reply::Trickle => {
            send(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{").await;
            let mut beat = tokio::time::interval(Duration::from_millis(20));
            while send(stream, b" ").await {
                beat.tick().await;
            }
            false
        }
        Reply::Raw(bytes) => {
            send(stream, &bytes).await;
            false
        }
    }
}

async fn send(stream: &mut BufReader<TcpStream>, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok()
}
