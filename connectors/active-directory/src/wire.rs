//! [`Wire`]: one connection to one domain controller, and the few LDAP operations that are used on it.
//!
//! Two habits of the LDAP crate are fenced in here. It panics on malformed answers: every operation runs in a task of
//! its own, and its end counts as a lost answer. And the debug form of its errors can hold what was sent, the password
//! included: only the display form is ever used.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::{MakeCritical, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchOptions};
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

use crate::address::Address;
use crate::entry::{Entry, Range};
use crate::error::CallError;
use crate::reply::Reply;
use crate::settings::Timeouts;

/// Entries per page; a controller sends at most a thousand at once.
const PAGE: i32 = 500;
/// How many parts of one long attribute are fetched at most: 1.5 million values.
const MOST_RANGES: usize = 1000;
/// Keeps a controller from pointing to other domains: referrals are never followed.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// One change of one attribute.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Takes this value away, and fails where it is not there.
    Delete(&'static str, Vec<u8>),
    /// Adds this value.
    Add(&'static str, Vec<u8>),
    /// Puts this value in the place of whatever is there.
    Replace(&'static str, Vec<u8>),
}

/// A search as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: String,
    pub(crate) attributes: Vec<String>,
    pub(crate) at_most: usize,
    pub(crate) cut: bool,
}

/// One connection. Requests go side by side over it.
#[derive(Clone)]
pub(crate) struct Wire {
    server: String,
    ldap: Ldap,
    timeouts: Timeouts,
}

impl Wire {
    /// Connects and makes TLS stand. Nothing secret has been sent when this returns.
    pub(crate) async fn open(
        address: &Address,
        tls: Arc<ClientConfig>,
        timeouts: Timeouts,
    ) -> Result<Self, CallError> {
        let server = address.to_string();
        let settings = LdapConnSettings::new()
            .set_config(tls)
            .set_conn_timeout(timeouts.connect)
            .set_starttls(!address.tls_at_once);
        let url = server.clone();
        let opened =
            fenced(&server, async move { LdapConnAsync::with_settings(settings, &url).await }).await?;
        let (connection, ldap) = opened
            .map_err(|error| CallError::Unreachable { server: server.clone(), why: why_not_open(&error) })?;
        let name = server.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(server = %name, %error, "the connection to the domain controller ended");
            }
        });
        Ok(Self { server, ldap, timeouts })
    }

    /// The controller's address.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Whether the other side has gone away, as far as is known.
    pub(crate) fn is_closed(&self) -> bool {
        self.ldap.clone().is_closed()
    }

    /// Signs in. An answer other than success is a reply, not an error.
    pub(crate) async fn bind(
        &self,
        account: &str,
        password: &SecretString,
    ) -> Result<Option<Reply>, CallError> {
        let (mut ldap, account, password) = (self.ldap.clone(), account.to_owned(), password.clone());
        ldap.with_timeout(self.timeouts.operation);
        let answer =
            fenced(&self.server, async move { ldap.simple_bind(&account, password.expose_secret()).await })
                .await?;
        answer.map(refusal).map_err(|error| self.lost(&error))
    }

    /// Searches: all pages, and all values of attributes with very many.
    pub(crate) async fn search(&self, search: Search) -> Result<Vec<Entry>, CallError> {
        let limit = self.timeouts.search;
        match tokio::time::timeout(limit, self.search_all(search)).await {
            Ok(result) => result,
            Err(_) => Err(self.silent(limit)),
        }
    }

    /// Changes one object. An answer other than success is a refusal.
    pub(crate) async fn modify(&self, name: &str, changes: Vec<Change>) -> Result<(), CallError> {
        let (mut ldap, name) = (self.ldap.clone(), name.to_owned());
        ldap.with_timeout(self.timeouts.operation);
        let changes: Vec<Mod<Vec<u8>>> = changes.into_iter().map(Mod::from).collect();
        match fenced(&self.server, async move { ldap.modify(&name, changes).await }).await? {
            Ok(result) => refusal(result).map_or(Ok(()), |reply| Err(self.refused(reply))),
            // The connection had ended before: the request never left.
            Err(LdapError::OpSend { .. }) => Err(CallError::Unreachable {
                server: self.server.clone(),
                why: "the connection had been closed".into(),
            }),
            Err(error) => Err(self.lost(&error)),
        }
    }

    async fn search_all(&self, search: Search) -> Result<Vec<Entry>, CallError> {
        let mut entries = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let (page, next) = self.page(&search, cookie).await?;
            entries.extend(page);
            if search.cut && entries.len() >= search.at_most {
                entries.truncate(search.at_most);
                break;
            }
            if entries.len() > search.at_most {
                let reply = Reply {
                    code: 4,
                    text: format!("more than {} objects were found", search.at_most),
                    referrals: Vec::new(),
                };
                return Err(self.refused(reply));
            }
            match next {
                Some(next) => cookie = next,
                None => break,
            }
        }
        for entry in &mut entries {
            self.complete(entry).await?;
        }
        Ok(entries)
    }

    /// One page, and the cookie for the next where there is one.
    async fn page(
        &self,
        search: &Search,
        cookie: Vec<u8>,
    ) -> Result<(Vec<Entry>, Option<Vec<u8>>), CallError> {
        let (mut ldap, search) = (self.ldap.clone(), search.clone());
        let mut controls: Vec<RawControl> = Vec::new();
        if search.scope != Scope::Base {
            controls.push(RawControl { ctype: DOMAIN_SCOPE.into(), crit: false, val: None });
            controls.push(PagedResults { size: PAGE, cookie }.critical().into());
        }
        ldap.with_timeout(self.timeouts.operation)
            .with_controls(controls)
            .with_search_options(SearchOptions::new());
        let answer = fenced(&self.server, async move {
            let (base, filter) = (&search.base, &search.filter);
            let mut stream = ldap.streaming_search(base, search.scope, filter, search.attributes).await?;
            let mut results = Vec::new();
            while let Some(result) = stream.next().await? {
                results.push(result);
            }
            let done = stream.finish().await;
            let cookie = next_page(&done);
            Ok::<_, LdapError>((results, cookie, done))
        });
        let (results, cookie, done) = answer.await?.map_err(|error| self.lost(&error))?;
        if let Some(reply) = refusal(done) {
            return Err(self.refused(reply));
        }
        let entries: Option<Vec<Entry>> = results
            .into_iter()
            .filter(|result| !result.is_ref() && !result.is_intermediate())
            .map(Entry::read)
            .collect();
        let entries = entries.ok_or_else(|| self.nonsense("a search result is malformed"))?;
        Ok((entries, cookie))
    }

    /// Fetches the further values of attributes that came in parts.
    async fn complete(&self, entry: &mut Entry) -> Result<(), CallError> {
        let mut open = entry.fold_ranges();
        for _ in 0..MOST_RANGES {
            let Some(Range { attribute, next: Some(next) }) = open.pop() else { return Ok(()) };
            let search = Search {
                base: entry.dn.clone(),
                scope: Scope::Base,
                filter: "(objectClass=*)".into(),
                attributes: vec![format!("{attribute};range={next}-*")],
                at_most: 1,
                cut: false,
            };
            let (mut part, _) = self.page(&search, Vec::new()).await?;
            // Whoever is not told the rest would take the beginning for the whole.
            let Some(part) = part.first_mut() else {
                return Err(self.nonsense("the rest of an attribute is not there"));
            };
            open.extend(part.fold_ranges());
            if part.all(&attribute).is_empty() {
                return Err(self.nonsense("the rest of an attribute is not there"));
            }
            entry.extend(&attribute, part.all(&attribute));
        }
        Err(self.nonsense("an attribute has no end"))
    }

    fn lost(&self, error: &LdapError) -> CallError {
        let cut = !matches!(error, LdapError::Timeout { .. });
        let why = match error {
            LdapError::Timeout { .. } => return self.silent(self.timeouts.operation),
            LdapError::Io { source } => source.to_string(),
            _ => "the connection was cut".into(),
        };
        CallError::Lost { server: self.server.clone(), why, cut }
    }

    fn silent(&self, waited: Duration) -> CallError {
        let why = format!("nothing came within {} s", waited.as_secs_f32());
        CallError::Lost { server: self.server.clone(), why, cut: false }
    }

    fn refused(&self, reply: Reply) -> CallError {
        CallError::Refused { server: self.server.clone(), reply }
    }

    fn nonsense(&self, why: &str) -> CallError {
        CallError::Nonsense { server: self.server.clone(), why: why.into() }
    }
}

impl From<Change> for Mod<Vec<u8>> {
    fn from(change: Change) -> Self {
        let one = |value| HashSet::from([value]);
        match change {
            Change::Delete(attribute, value) => Mod::Delete(attribute.into(), one(value)),
            Change::Add(attribute, value) => Mod::Add(attribute.into(), one(value)),
            Change::Replace(attribute, value) => Mod::Replace(attribute.into(), one(value)),
        }
    }
}

/// Runs an operation in a task of its own: a panic over a malformed answer ends the task and nothing else, and an
/// operation that was begun runs to its end even when nobody waits for it any more.
async fn fenced<T: Send + 'static>(
    server: &str,
    operation: impl Future<Output = T> + Send + 'static,
) -> Result<T, CallError> {
    tokio::spawn(operation)
        .await
        .map_err(|_| CallError::Nonsense { server: server.to_owned(), why: "its answer is malformed".into() })
}

fn refusal(result: LdapResult) -> Option<Reply> {
    (result.rc != 0).then_some(Reply { code: result.rc, text: result.text, referrals: result.refs })
}

fn next_page(done: &LdapResult) -> Option<Vec<u8>> {
    let control = done.ctrls.iter().find(|control| control.1.ctype == PAGED_RESULTS)?;
    control.1.val.as_ref()?;
    let cookie = control.1.parse::<PagedResults>().cookie;
    (!cookie.is_empty()).then_some(cookie)
}

/// What kept a connection from being opened, with advice where the reason is a usual one.
fn why_not_open(error: &LdapError) -> String {
    match error {
        LdapError::Timeout { .. } => "connecting took too long".into(),
        LdapError::Io { source } => {
            let why = source.to_string();
            let advice = if why.contains("UnknownIssuer") {
                "; the authority that signed its certificate is not trusted: name that authority's file as ca_file"
            } else if why.contains("NotValidForName") {
                "; its certificate must name this host as a subject alternative name, and it must be asked by that name"
            } else {
                ""
            };
            format!("{why}{advice}")
        }
        LdapError::LdapResult { result } => format!("StartTLS was refused with result code {}", result.rc),
        other => other.to_string(),
    }
}
