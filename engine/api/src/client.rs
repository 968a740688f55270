//! [`Client`]: asks a running engine, over its HTTP interface.

use std::time::Duration;

use async_trait::async_trait;
use quell_action::exclusion::{Entry, EntryId};
use quell_action::lists::ListEntry;
use quell_run::{OpenQuestion, RunFilter, RunSummary};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::alerts::Beside;
use crate::audit::Against;
use crate::auth::Me;
use crate::exclusions::Who;
use crate::runs::By;
use crate::{
    AddExclusion, AddToList, AnswerOrder, AuditPage, AuditVerdict, BackedUp, Backup, Caller, ConfirmOrder,
    ExclusionTest, ExtendOrder, Health, IdentityReport, ImportExclusions, Imported, InQuestion, LimitsReport,
    ListContent, ListSummary, Operations, PauseNote, PauseOrder, Prune, Pruned, Refusal, RemoveFromList,
    RunRecord, SettleOrder, StartOrder, Started, Submission, Submitted, Timers, Token, UndoMany, UndoOrder,
    Undone, Verified,
};

/// The engine ends what is timed before this.
const PATIENCE: Duration = Duration::from_secs(310);

/// Asks a running engine.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    token: Token,
}

impl Client {
    /// A client of the engine that listens at `address` (`127.0.0.1:7878`).
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(address: &str, token: Token) -> Result<Self, Refusal> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(2))
            .build()
            .map_err(Refusal::unavailable)?;
        Ok(Self { http, address: address.to_owned(), token })
    }

    fn to(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address)).bearer_auth(self.token.expose())
    }

    /// Who the engine takes us for.
    ///
    /// # Errors
    /// When it knows nobody with this token, or does not answer.
    pub async fn caller(&self) -> Result<Caller, Refusal> {
        let Me { name } = self.get("/api/v1/me", &()).await?;
        Ok(name.map_or(Caller::Unnamed, |name| Caller::Person(name.into())))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Result<T, Refusal> {
        answer(self.to(Method::GET, path).query(query).timeout(PATIENCE)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refusal> {
        answer(self.to(Method::POST, path).json(body).timeout(PATIENCE)).await
    }

    /// For what walks over the whole store, however large that is.
    async fn post_and_wait<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        answer(self.to(Method::POST, path).json(body)).await
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Refusal> {
    let response = request.send().await.map_err(Refusal::unavailable)?;
    if response.status().is_success() {
        return response.json().await.map_err(Refusal::unavailable);
    }
    let status = response.status();
    let refusal = response.json::<Refusal>().await;
    Err(refusal.unwrap_or_else(|_| Refusal::unavailable(format_args!("the engine answered {status}"))))
}

/// One path segment, whatever is in it; but some names would lead to another place, however they are written.
fn segment(text: &str) -> Result<String, Refusal> {
    if ["", ".", ".."].contains(&text) {
        return Err(Refusal::not_found(format!("nothing is called {text:?}")));
    }
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    Ok(encoded.collect())
}

#[async_trait]
impl Operations for Client {
    async fn health(&self) -> Health {
        let asked = self.to(Method::GET, "/readyz").timeout(PATIENCE).send().await;
        let health = match asked {
            Ok(response) => response.json().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        health.unwrap_or_else(|why| Health {
            version: String::new(),
            ready: false,
            parts: vec![crate::Part { name: "engine".into(), well: false, note: why }],
        })
    }

    async fn submit(&self, submission: &Submission) -> Result<Vec<Submitted>, Refusal> {
        let origin = submission.origin.as_ref().map(ToString::to_string);
        let beside = Beside { by: submission.by.clone(), origin };
        let request = self.to(Method::POST, "/api/v1/alerts").query(&beside).body(submission.bytes.clone());
        answer(request.timeout(PATIENCE)).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Refusal> {
        self.get("/api/v1/runs", filter).await
    }

    async fn run(&self, name: &str) -> Result<RunRecord, Refusal> {
        self.get(&format!("/api/v1/runs/{}", segment(name)?), &()).await
    }

    async fn cancel(&self, name: &str, by: &str) -> Result<RunSummary, Refusal> {
        self.post(&format!("/api/v1/runs/{}/cancel", segment(name)?), &By { by: by.to_owned() }).await
    }

    async fn start(&self, order: &StartOrder) -> Result<Started, Refusal> {
        self.post("/api/v1/start", order).await
    }

    async fn undo(&self, order: &UndoOrder) -> Result<Undone, Refusal> {
        self.post("/api/v1/undo", order).await
    }

    async fn undo_many(&self, order: &UndoMany) -> Result<Vec<Undone>, Refusal> {
        self.post("/api/v1/undo/many", order).await
    }

    async fn confirm(&self, order: &ConfirmOrder) -> Result<Timers, Refusal> {
        self.post("/api/v1/undo/confirm", order).await
    }

    async fn extend(&self, order: &ExtendOrder) -> Result<Timers, Refusal> {
        self.post("/api/v1/undo/extend", order).await
    }

    async fn questions(&self) -> Result<Vec<OpenQuestion>, Refusal> {
        self.get("/api/v1/questions", &()).await
    }

    /// The token has said who calls.
    async fn answer(&self, order: &AnswerOrder, _: &Caller) -> Result<RunSummary, Refusal> {
        self.post("/api/v1/questions/answer", order).await
    }

    async fn attention(&self) -> Result<Vec<InQuestion>, Refusal> {
        self.get("/api/v1/attention", &()).await
    }

    async fn settle(&self, order: &SettleOrder) -> Result<RunSummary, Refusal> {
        self.post("/api/v1/attention/settle", order).await
    }

    async fn exclusions(&self) -> Result<Vec<Entry>, Refusal> {
        self.get("/api/v1/exclusions", &()).await
    }

    async fn exclude(&self, entry: &AddExclusion) -> Result<Entry, Refusal> {
        self.post("/api/v1/exclusions", entry).await
    }

    async fn import_exclusions(&self, order: &ImportExclusions) -> Result<Imported, Refusal> {
        self.post("/api/v1/exclusions/import", order).await
    }

    async fn remove_exclusion(&self, id: &EntryId, by: &str) -> Result<Entry, Refusal> {
        let path = format!("/api/v1/exclusions/{}", segment(&id.0)?);
        let request = self.to(Method::DELETE, &path).query(&By { by: by.to_owned() });
        answer(request.timeout(PATIENCE)).await
    }

    async fn test_exclusion(&self, who: &str) -> Result<ExclusionTest, Refusal> {
        self.get("/api/v1/exclusions/test", &Who { who: who.to_owned() }).await
    }

    async fn identity(&self, who: &str) -> Result<IdentityReport, Refusal> {
        self.get("/api/v1/identity", &Who { who: who.to_owned() }).await
    }

    async fn limits(&self) -> Result<LimitsReport, Refusal> {
        self.get("/api/v1/limits", &()).await
    }

    async fn lists(&self) -> Result<Vec<ListSummary>, Refusal> {
        self.get("/api/v1/lists", &()).await
    }

    async fn list(&self, name: &str) -> Result<ListContent, Refusal> {
        self.get(&format!("/api/v1/lists/{}", segment(name)?), &()).await
    }

    async fn add_to_list(&self, order: &AddToList) -> Result<Vec<ListEntry>, Refusal> {
        self.post("/api/v1/lists", order).await
    }

    async fn remove_from_list(&self, order: &RemoveFromList) -> Result<ListEntry, Refusal> {
        let request = self.to(Method::DELETE, "/api/v1/lists").json(order);
        answer(request.timeout(PATIENCE)).await
    }

    async fn pause(&self, order: &PauseOrder) -> Result<PauseNote, Refusal> {
        self.post("/api/v1/pause", order).await
    }

    async fn resume(&self, by: &str) -> Result<Option<PauseNote>, Refusal> {
        let request = self.to(Method::DELETE, "/api/v1/pause").query(&By { by: by.to_owned() });
        answer(request.timeout(PATIENCE)).await
    }

    async fn audit_verify(&self, anchor: Option<&str>) -> Result<AuditVerdict, Refusal> {
        let against = Against { anchor: anchor.map(str::to_owned) };
        answer(self.to(Method::GET, "/api/v1/audit/verify").query(&against)).await
    }

    async fn audit_export(&self, page: &AuditPage) -> Result<Vec<Value>, Refusal> {
        self.get("/api/v1/audit", page).await
    }

    async fn store_stats(&self) -> Result<Value, Refusal> {
        self.get("/api/v1/store", &()).await
    }

    async fn prune(&self, order: &Prune) -> Result<Pruned, Refusal> {
        self.post_and_wait("/api/v1/store/prune", order).await
    }

    async fn verify(&self) -> Result<Verified, Refusal> {
        self.post_and_wait("/api/v1/store/verify", &()).await
    }

    async fn backup(&self, order: &Backup) -> Result<BackedUp, Refusal> {
        self.post_and_wait("/api/v1/store/backup", order).await
    }
}
