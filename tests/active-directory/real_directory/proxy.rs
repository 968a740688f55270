//! A way to the controller that a test can stop, hold up or cut. It passes bytes on and understands none of them.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::variable;

/// What happens to the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They go through.
    Open,
    /// The answer to the request with this number, counted from now, never arrives; the request itself does.
    SilentAfter(usize),
    /// The same, and the connection is cut.
    CutAfter(usize),
}

pub struct Proxy {
    pub url: String,
    way: Arc<Mutex<Way>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldaps://{}", listener.local_addr().unwrap());
        let way = Arc::new(Mutex::new(Way::Open));
        let task = tokio::spawn(listen(listener, Arc::clone(&way)));
        Self { url, way, task }
    }

    pub fn set(&self, way: Way) {
        *self.way.lock() = way;
    }
}

async fn listen(listener: TcpListener, way: Arc<Mutex<Way>>) {
    let upstream = variable("QUELL_TEST_AD_URL").replace("ldaps://", "");
    let mut open = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&upstream).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let way = Arc::clone(&way);
        open.spawn(async move {
            tokio::select! {
                () = requests(from_client, to_server, &way) => {}
                () = answers(from_server, to_client, &way) => {}
            }
        });
    }
}

/// Each request of ours fits into one record, and the next is sent after the answer: pieces are requests.
async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: &Mutex<Way>) {
    let mut piece = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
        let mut way = way.lock();
        *way = match *way {
            Way::SilentAfter(more @ 1..) => Way::SilentAfter(more - 1),
            Way::CutAfter(more @ 1..) => Way::CutAfter(more - 1),
            other => other,
        };
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: &Mutex<Way>) {
    let mut piece = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let now = *way.lock();
        match now {
            Way::SilentAfter(0) => std::future::pending().await,
            Way::CutAfter(0) => return,
            _ => {}
        }
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}
