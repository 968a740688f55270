//! [`Client`]: the calls to Microsoft Graph that actions and look-ups share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{ActionError, ConnectError, Failure, Target};
use quell_alert::{Provider, Sid};
use quell_kit::microsoft::{REQUEST_ID_HEADER, failure_of, literal, pages, refused, success, with_query};
use quell_kit::oauth::Tokens;
use quell_kit::{Answer, Api, Ask, Deadline, Http, Method, OnItsWay, RateLimit, Url};
use serde::Deserialize;
use serde_json::json;

use crate::identity::{Identity, MaybeWrapped};
use crate::settings::Settings;

pub(crate) const RIGHT: &str = "SecurityIdentitiesActions.ReadWrite.All";
/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(25);
/// What is left for saying what came of it, when an action is followed.
const SPARE: Duration = Duration::from_millis(500);
/// A sensor that has not acted by then will not.
const ON_ITS_WAY: Duration = Duration::from_secs(600);

/// Defender for Identity of one tenant.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    pub(crate) tenant: String,
    pub(crate) tokens: Arc<Tokens>,
    /// What stood there before what was accepted lately: whether the account was enabled.
    pub(crate) accepted: OnItsWay<bool>,
    host: String,
    follow: Duration,
}

impl Client {
    /// Reads the credential; reaches nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let http = Http::new(&settings.http)?;
        let sign_in = settings.sign_in();
        let tokens = sign_in.tokens(&http, &format!("{}/.default", settings.cloud.graph()))?;
        let base = Url::parse(&format!("{}/v1.0", settings.graph()))
            .map_err(|_| ConnectError("graph_url is not an URL".into()))?;
        let calls = NonZeroU32::new(settings.calls_per_minute).unwrap_or(NonZeroU32::MIN);
        let limit = RateLimit::new(calls, Duration::from_secs(60), calls);
        Ok(Self {
            host: quell_kit::host_of(&base),
            api: Api::new(http, base, Arc::clone(&tokens), vec![limit], REQUEST_ID_HEADER),
            tenant: sign_in.realm()?,
            tokens,
            accepted: OnItsWay::new(ON_ITS_WAY),
            follow: Duration::from_secs(settings.follow_secs),
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

    /// The identity whose account a target is, as it is now; never one that is built in.
    pub(crate) async fn identity(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Identity, ActionError> {
        let Target::Account(key) = target else { return Err(not_ours(target)) };
        if key.provider.as_str() != Provider::ACTIVE_DIRECTORY {
            return Err(not_ours(target));
        }
        let url = self.accounts([key.id.as_str()]);
        let answer =
            success(self.api.ask(Ask::get(url), deadline).await?).map_err(|e| about(e, "the identity"))?;
        let identity = answer.json::<MaybeWrapped<Identity>>()?.inner();
        if !identity.id.eq_ignore_ascii_case(&key.id) {
            return Err(ActionError::unavailable("the answer is about another identity than was asked for"));
        }
        if identity.realm() != key.realm {
            return Err(not_ours(target));
        }
        match identity.protection() {
            None => Ok(identity),
            Some(protected) => {
                let message =
                    format!("{} is built in ({}): never touched", identity.display(), protected.name());
                Err(ActionError::new(Failure::Forbidden, message))
            }
        }
    }

    /// The identities with this security identifier.
    pub(crate) async fn with_sid(&self, sid: &Sid, deadline: Deadline) -> Result<Vec<Identity>, ActionError> {
        let filter = format!("onPremisesSecurityIdentifier eq {}", literal(&sid.to_string()));
        let url = with_query(self.accounts([]), &[("$filter", &filter)]);
        let found: Vec<Identity> = pages(&self.api, Ask::get(url), deadline).await?;
        Ok(found.into_iter().filter(|identity| identity.sid().as_ref() == Some(sid)).collect())
    }

    /// Asks for one page of identities, to see whether that is allowed.
    pub(crate) async fn reach(&self, deadline: Deadline) -> Result<Answer, ActionError> {
        let url = with_query(self.accounts([]), &[("$top", "1")]);
        success(self.api.ask(Ask::get(url), deadline).await?).map_err(|e| about(e, "reading identities"))
    }

    /// Hands an action to the sensor. Gives back the number under which it is known there.
    pub(crate) async fn invoke(
        &self,
        identity: &Identity,
        action: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, ActionError> {
        let account = identity.on_premises()?;
        let body = json!({
            "accountId": account.identifier,
            "action": action,
            "identityProvider": "activeDirectory",
        });
        let what = format!("{action} {}", identity.display());
        let url = self.accounts([identity.id.as_str(), "invokeAction"]);
        let ask = Ask::write(Method::POST, url).json(body);
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, &what))?;
        if let Some(failure) = failure_of(&answer) {
            let mut error = about(refused(&answer, failure), &what);
            if failure == Failure::Forbidden {
                error.message.push_str(&format!("; grant {RIGHT}, and license Defender for Identity"));
            }
            return Err(error);
        }
        Ok(answer.json::<MaybeWrapped<Invoked>>()?.inner().correlation_id)
    }

    /// Follows what was invoked until it shows, or until there is no more time for it.
    pub(crate) async fn follow(&self, target: &Target, enabled: bool, deadline: Deadline) {
        let patience = Deadline::after(self.follow.min(deadline.left().saturating_sub(SPARE)));
        let mut wait = Duration::from_secs(1);
        while !patience.left().is_zero() {
            tokio::time::sleep(wait.min(patience.left())).await;
            wait = (wait * 2).min(Duration::from_secs(15));
            // It was accepted: that looking at it fails for a moment changes nothing.
            match self.identity(target, deadline).await {
                Ok(identity) if identity.is_enabled == Some(enabled) => return,
                _ => {}
            }
        }
    }

    fn accounts<'a>(&self, rest: impl IntoIterator<Item = &'a str>) -> Url {
        self.api.url(["security", "identities", "identityAccounts"].into_iter().chain(rest))
    }
}

fn not_ours(target: &Target) -> ActionError {
    ActionError::rejected(format!("{target} is not an account that Defender for Identity looks after"))
}

fn about(mut error: ActionError, what: &str) -> ActionError {
    error.message = format!("{what}: {}", error.message);
    error
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invoked {
    #[serde(default)]
    correlation_id: Option<String>,
}
