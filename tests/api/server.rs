//! [`Server`]: the interface on a free port of this machine, and requests to it.

use std::sync::Arc;

use quell_api::{Answers, Caller, Callers, Client, Doors, Refusal, RunPages, Token, router, serve};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::net::TcpListener;

use crate::recorder::Recorder;

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The token of ann.
pub(crate) const ANNS: &str = "anns-token-456789abcdef0123456789abcdef";

/// How many requests are under way at once where there are many: as many as wait in any system's queue.
pub(crate) const AT_ONCE: usize = 50;

fn callers() -> Callers {
    let mut callers = Callers::default();
    callers.add(Caller::Person("ann".into()), Token::new(ANNS).unwrap()).unwrap();
    callers.add(Caller::Unnamed, Token::new(TOKEN).unwrap()).unwrap();
    callers
}

/// The interface on a free port; it ends with the test.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) recorder: Recorder,
    browser: reqwest::Client,
}

impl Server {
    /// One over these operations.
    pub(crate) async fn over(recorder: Recorder) -> Self {
        Self::with(recorder, None, None).await
    }

    /// One that takes answers in from chat and mail, to which people come by these pages.
    pub(crate) async fn answering(recorder: Recorder, answers: Answers, pages: RunPages) -> Self {
        Self::with(recorder, Some(answers), Some(pages)).await
    }

    /// One to which links in messages lead.
    pub(crate) async fn with_pages(recorder: Recorder, pages: RunPages) -> Self {
        Self::with(recorder, None, Some(pages)).await
    }

    async fn with(recorder: Recorder, answers: Option<Answers>, pages: Option<RunPages>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let doors = Doors { operations: Arc::new(recorder.clone()), metrics: None, answers, pages };
        let routes = router(doors, callers());
        tokio::spawn(serve(listener, routes, std::future::pending()));
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, recorder, browser }
    }

    pub(crate) async fn new() -> Self {
        Self::over(Recorder::default()).await
    }

    /// The client, with the right token.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address, Token::new(TOKEN).unwrap()).unwrap()
    }

    /// The client of ann.
    pub(crate) fn client_of_ann(&self) -> Client {
        Client::new(&self.address, Token::new(ANNS).unwrap()).unwrap()
    }

    /// A request without a token.
    pub(crate) fn to(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.browser.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with the right one.
    pub(crate) fn allowed(&self, method: &str, path: &str) -> RequestBuilder {
        self.to(method, path).bearer_auth(TOKEN)
    }
}

/// A refusal: its status, and what it says.
pub(crate) async fn refused(request: RequestBuilder) -> (StatusCode, Refusal) {
    let response: Response = request.send().await.unwrap();
    let status = response.status();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}: {error}: {text}")))
}
