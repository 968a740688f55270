//! A way to the controller that a test can stop, hold up or cut. It passes bytes on and understands none of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::environment::variable;

/// What happens to the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They go through.
    Open,
    /// The answer to the request with this number, counted from now, never arrives; the request itself does.
    SilentAfter(usize),
    /// The same, and the connection is cut.
    CutAfter(usize),
    /// So many requests, counted from now, go through; the next one never arrives.
    HoldAfter(usize),
    /// The same, but it arrives as soon as the way is another one.
    WaitAfter(usize),
}

pub struct Proxy {
    pub url: String,
    passing: Passing,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    /// At this address, such as that of one that has gone.
    pub async fn at(address: &str) -> Self {
        Self::between(address, &variable("QUELL_TEST_AD_URL")).await
    }

    /// To a controller of a test's own.
    pub async fn to(controller: &str) -> Self {
        Self::between("127.0.0.1:0", controller).await
    }

    async fn between(address: &str, controller: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("ldaps://{}", listener.local_addr().unwrap());
        let way = Arc::new(Mutex::new(Way::Open));
        let passing =
            Passing { way, held: Arc::default(), changed: Arc::default(), requests: Arc::default() };
        let task = tokio::spawn(listen(listener, controller.replace("ldaps://", ""), passing.clone()));
        Self { url, passing, task }
    }

    /// How many requests have come.
    pub fn requests(&self) -> usize {
        self.passing.requests.load(Ordering::SeqCst)
    }

    pub fn set(&self, way: Way) {
        *self.passing.way.lock() = way;
        self.passing.changed.notify_waiters();
    }

    /// Returns when a request or an answer has come that does not go through.
    pub async fn until_held(&self) {
        self.passing.held.notified().await;
    }
}

/// What the connections know of the way.
#[derive(Clone)]
struct Passing {
    way: Arc<Mutex<Way>>,
    held: Arc<Notify>,
    changed: Arc<Notify>,
    requests: Arc<AtomicUsize>,
}

async fn listen(listener: TcpListener, upstream: String, passing: Passing) {
    let mut open = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&upstream).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let passing = passing.clone();
        open.spawn(async move {
            tokio::select! {
                () = passing.requests(from_client, to_server) => {}
                () = passing.answers(from_server, to_client) => {}
            }
        });
    }
}

impl Passing {
    /// Each request of ours fits into one record, and the next is sent after the answer: pieces are requests.
    async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 65536];
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            self.requests.fetch_add(1, Ordering::SeqCst);
            let now = *self.way.lock();
            if matches!(now, Way::HoldAfter(0) | Way::WaitAfter(0)) {
                self.held.notify_one();
                self.until_changed(now).await;
            }
            if to.write_all(&piece[..count]).await.is_err() {
                return;
            }
            let mut way = self.way.lock();
            *way = match *way {
                Way::SilentAfter(more @ 1..) => Way::SilentAfter(more - 1),
                Way::CutAfter(more @ 1..) => Way::CutAfter(more - 1),
                Way::HoldAfter(more @ 1..) => Way::HoldAfter(more - 1),
                Way::WaitAfter(more @ 1..) => Way::WaitAfter(more - 1),
                other => other,
            };
        }
    }

    /// Returns when the way is another one; never for what is held for good.
    async fn until_changed(&self, way: Way) {
        loop {
            let changed = self.changed.notified();
            if way != Way::HoldAfter(0) && *self.way.lock() != way {
                return;
            }
            changed.await;
        }
    }

    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 65536];
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            let now = *self.way.lock();
            match now {
                Way::SilentAfter(0) => {
                    self.held.notify_one();
                    std::future::pending().await
                }
                Way::CutAfter(0) => {
                    self.held.notify_one();
                    return;
                }
                _ => {}
            }
            if to.write_all(&piece[..count]).await.is_err() {
                return;
            }
        }
    }
}
