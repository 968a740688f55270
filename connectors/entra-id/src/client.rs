//! [`Client`]: the calls to Microsoft Graph that actions and look-ups share.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use quell_action::{ActionError, ConnectError, Failure, Target};
use quell_alert::Provider;
use quell_kit::microsoft::{REQUEST_ID_HEADER, failure_of, pages, refused, success, with_query};
use quell_kit::{Answer, Api, Ask, Call, Deadline, Http, Method, OnItsWay, RateLimit, Url};
use serde_json::Value;

use crate::risk::{ON_ITS_WAY, Risk};
use crate::settings::Settings;
use crate::user::{USER, User};

/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(25);

/// One tenant.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    pub(crate) realm: String,
    pub(crate) domains: BTreeMap<String, String>,
    pub(crate) eligible_roles: bool,
    pub(crate) risk_pace: RateLimit,
    pub(crate) accepted: OnItsWay<Risk>,
    pub(crate) tokens: std::sync::Arc<quell_kit::oauth::Tokens>,
    host: String,
}

impl Client {
    /// Reads the credential; reaches nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let http = Http::new(&settings.http)?;
        let graph = settings.graph();
        let sign_in = settings.sign_in();
        let tokens = sign_in.tokens(&http, &format!("{}/.default", settings.cloud.graph()))?;
        let base = Url::parse(&format!("{graph}/v1.0"))
            .map_err(|_| ConnectError("graph_url is not an URL".into()))?;
        let pace = |calls: u32, period| {
            let calls = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
            RateLimit::new(calls, Duration::from_secs(period), calls)
        };
        let realm = sign_in.realm()?;
        let host = quell_kit::host_of(&base);
        // One call at a time: a burst of them would be refused. The tenant counts them, whoever calls; its cloud is told
        // by where its Microsoft Graph is.
        let calls = NonZeroU32::new(settings.risk_calls_per_minute).unwrap_or(NonZeroU32::MIN);
        let counted = format!("users at risk of {realm} at {host}");
        let risk_pace = RateLimit::shared(&counted, calls, Duration::from_secs(60), NonZeroU32::MIN);
        let domains = settings.domains.iter().map(|(short, dns)| (short.to_lowercase(), dns.to_lowercase()));
        Ok(Self {
            host,
            api: Api::new(
                http,
                base,
                std::sync::Arc::clone(&tokens),
                vec![pace(settings.calls_per_second, 1)],
                REQUEST_ID_HEADER,
            ),
            realm,
            domains: domains.collect(),
            eligible_roles: settings.eligible_roles,
            risk_pace,
            accepted: OnItsWay::new(ON_ITS_WAY),
            tokens,
        })
    }

    /// The time in which something must be looked at.
    pub(crate) fn look(&self) -> Deadline {
        Deadline::after(LOOK)
    }

    /// Where Microsoft Graph is.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The object id of a target.
    pub(crate) fn id_of<'a>(&self, target: &'a Target) -> Result<&'a str, ActionError> {
        match target {
            Target::Account(key)
                if key.provider.as_str() == Provider::ENTRA_ID && key.realm == self.realm =>
            {
                Ok(&key.id)
            }
            _ => {
                Err(ActionError::rejected(format!("{target} is not an account of the tenant {}", self.realm)))
            }
        }
    }

    /// The user that a target is, as it is now.
    pub(crate) async fn user(&self, target: &Target, deadline: Deadline) -> Result<User, ActionError> {
        self.user_by_id(self.id_of(target)?, deadline).await
    }

    /// The user with this object id.
    pub(crate) async fn user_by_id(&self, id: &str, deadline: Deadline) -> Result<User, ActionError> {
        let url = with_query(self.api.url(["users", id]), &[("$select", USER)]);
        let user: User = self.read(Ask::get(url), "the user", deadline).await?.json()?;
        match user.id.eq_ignore_ascii_case(id) {
            true => Ok(user),
            false => Err(ActionError::unavailable("the answer is about another user than was asked for")),
        }
    }

    /// The users for whom this filter holds. `advanced` asks the index, which knows more filters and lags behind.
    pub(crate) async fn users_where(
        &self,
        filter: &str,
        advanced: bool,
        deadline: Deadline,
    ) -> Result<Vec<User>, ActionError> {
        let mut query = vec![("$filter", filter), ("$select", USER)];
        if advanced {
            query.push(("$count", "true"));
        }
        let ask = Ask::get(with_query(self.api.url(["users"]), &query));
        let ask = if advanced { ask.header("ConsistencyLevel", "eventual") } else { ask };
        pages(&self.api, ask, deadline).await
    }

    /// Reads something; `what` says what, for the error.
    pub(crate) async fn read(&self, ask: Ask, what: &str, deadline: Deadline) -> Result<Answer, ActionError> {
        let answer = self.api.ask(ask, deadline).await?;
        success(answer).map_err(|error| about(error, what))
    }

    /// Writes something. `what` says what, `right` is what to grant where it was denied.
    pub(crate) async fn write(
        &self,
        ask: Ask,
        what: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let answer =
            self.api.ask(ask.meaning(Call::Writes), deadline).await.map_err(|error| about(error, what))?;
        self.accept(answer, what, right)
    }

    /// Passes on an answer to a write that says success.
    pub(crate) fn accept(&self, answer: Answer, what: &str, right: &str) -> Result<Answer, ActionError> {
        let Some(failure) = failure_of(&answer) else { return Ok(answer) };
        let mut error = about(refused(&answer, failure), what);
        if failure == Failure::Forbidden {
            error.message.push_str(&format!(
                "; grant {right}. Where that is granted, the user is an administrator whom the application's own role \
                 does not cover: that is a case for a person"
            ));
        }
        Err(error)
    }

    /// Changes members of a user.
    pub(crate) async fn change(
        &self,
        user: &User,
        body: Value,
        what: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let ask = Ask::write(Method::PATCH, self.api.url(["users", &user.id])).json(body);
        let what = format!("{what} {}", user.display());
        self.write(ask, &what, right, deadline).await.map(drop)
    }
}

fn about(mut error: ActionError, what: &str) -> ActionError {
    error.message = format!("{what}: {}", error.message);
    error
}
