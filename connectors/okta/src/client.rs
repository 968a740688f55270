//! [`Okta`]: how Okta is asked, under its limits and with our credential.

use std::time::Duration;

use quell_action::{ActionError, ConnectError, Target};
use quell_alert::Provider;
use quell_kit::{Answer, Call, Deadline, Http, Method, Url, host_of};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::credential::{Credential, Shown, Tried};
use crate::error::{NotPossible, success};
use crate::find::Anchors;
use crate::limits::{Limits, Told};
use crate::paging;
use crate::settings::{OktaSettings, is_id};
use crate::users::User;

/// So many pages are read of a list. One that is longer is not taken for whole.
const MOST_PAGES: usize = 500;

/// One Okta organisation.
#[derive(Debug)]
pub(crate) struct Okta {
    pub(crate) settings: OktaSettings,
    http: Http,
    address: Url,
    realm: String,
    credential: Credential,
    limits: Limits,
    own_id: OnceCell<String>,
    pub(crate) anchors: Anchors,
}

/// One question or order.
pub(crate) struct Ask<'a> {
    /// Which of Okta's limits it counts against.
    pub(crate) bucket: &'static str,
    pub(crate) method: Method,
    /// The parts of the path, which are escaped one by one.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
}

impl Okta {
    /// Reads the credential and reaches nobody.
    ///
    /// # Errors
    /// When the credential or a certificate is missing or unfit.
    pub(crate) fn new(settings: OktaSettings) -> Result<Self, ConnectError> {
        let address = settings.address().map_err(|why| ConnectError(format!("organisation: {why}")))?;
        let http = Http::new(&settings.http)?;
        let credential = Credential::resolve(&settings, &http, &address)?;
        Ok(Self {
            http,
            realm: settings.realm.clone().unwrap_or_else(|| host_of(&address)).to_lowercase(),
            limits: Limits::new(settings.per_minute, settings.at_once),
            own_id: OnceCell::new(),
            anchors: Anchors::default(),
            address,
            credential,
            settings,
        })
    }

    /// The organisation, as it stands in keys: its host.
    pub(crate) fn realm(&self) -> &str {
        &self.realm
    }

    /// How long a look may take, where nobody says.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.http.timeout_secs)
    }

    /// The target as it is now.
    ///
    /// # Errors
    /// When it is no user of this organisation, or cannot be read.
    pub(crate) async fn target(&self, target: &Target, deadline: Deadline) -> Result<User, ActionError> {
        match target {
            Target::Account(key) if key.provider.as_str() == Provider::OKTA && key.realm == self.realm => {
                self.user(&key.id, deadline).await
            }
            _ => Err(ActionError::rejected(format!("{target} is not a user of {}", self.realm))),
        }
    }

    /// What is shown to Okta.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Refuses the owner of our own token.
    ///
    /// # Errors
    /// When it is the owner, or when nothing can be said: unknown never acts.
    pub(crate) async fn spare_itself(&self, user: &User, deadline: Deadline) -> Result<(), ActionError> {
        match self.own_id(deadline).await? == Some(&user.id) {
            true => Err(NotPossible::Itself { who: user.display().to_owned() }.into()),
            false => Ok(()),
        }
    }

    /// Whose token it is. Asked once. An application is nobody's: it is no user itself.
    ///
    /// # Errors
    /// When Okta does not say.
    pub(crate) async fn own_id(&self, deadline: Deadline) -> Result<Option<&str>, ActionError> {
        if matches!(self.credential, Credential::Application(_)) {
            return Ok(None);
        }
        let ask = || async { self.own_user(deadline).await.map(|owner| owner.id) };
        self.own_id.get_or_try_init(ask).await.map(|id| Some(id.as_str()))
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// When Okta refuses, or its answer is not what it should be.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        ask: Ask<'_>,
        deadline: Deadline,
    ) -> Result<T, ActionError> {
        self.send(&ask, self.url(&ask), Call::Reads, deadline).await?.json()
    }

    /// Asks, and reads the answer with all its pages.
    ///
    /// # Errors
    /// As [`Okta::read`]; and when the list has more pages than anybody can mean.
    pub(crate) async fn read_all<T: DeserializeOwned>(
        &self,
        ask: Ask<'_>,
        deadline: Deadline,
    ) -> Result<Vec<T>, ActionError> {
        let (mut all, mut url) = (Vec::new(), self.url(&ask));
        for _ in 0..MOST_PAGES {
            let answer = self.send(&ask, url, Call::Reads, deadline).await?;
            all.extend(answer.json::<Vec<T>>()?);
            let next = paging::next(answer.headers(), &self.address);
            match next.map_err(|why| answer.unreadable(why))? {
                // A page that is empty ends nothing: what follows it may not be.
                Some(next) => url = next,
                None => return Ok(all),
            }
        }
        Err(ActionError::rejected(format!("{} gave a list of more than {MOST_PAGES} pages", self.realm)))
    }

    /// Orders something. Whatever Okta answers to an order is left unread: links and passwords stand in some.
    ///
    /// # Errors
    /// When Okta refuses, or its answer is lost: then it may have happened.
    pub(crate) async fn order(&self, ask: Ask<'_>, deadline: Deadline) -> Result<(), ActionError> {
        self.send(&ask, self.url(&ask), Call::Writes, deadline).await.map(drop)
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        url: Url,
        call: Call,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let mut tried = Tried::default();
        loop {
            let (answer, shown) = self.send_once(ask, &url, call, deadline).await?;
            if !self.credential.may_help(&shown, &answer, &mut tried) {
                return success(answer, &self.credential.redactor(&shown));
            }
        }
    }

    async fn send_once(
        &self,
        ask: &Ask<'_>,
        url: &Url,
        call: Call,
        deadline: Deadline,
    ) -> Result<(Answer, Shown), ActionError> {
        let _seat = self.limits.turn(ask.bucket, deadline).await?;
        let request = self.http.request(ask.method.clone(), url.clone()).header("accept", "application/json");
        let (request, shown) = self.credential.show(request, &ask.method, url, deadline).await?;
        let request = match &ask.body {
            Some(body) => request.json(body),
            // Okta refuses orders without a length, even where there is no body.
            None if ask.method != Method::GET => request.header("content-length", "0"),
            None => request,
        };
        if deadline.left().is_zero() {
            return Err(ActionError::unavailable("no time was left to ask Okta; nothing was sent"));
        }
        let answer = self.http.send(request, call, deadline.left()).await?;
        self.limits.note(ask.bucket, Told::by(answer.headers()), answer.status() == 429);
        Ok((answer, shown))
    }

    fn url(&self, ask: &Ask<'_>) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        url
    }
}

/// Whether a text can stand in a path as somebody's login. `me` is whoever owns the token, and what has a slash or a
/// question mark in it Okta does not find this way.
pub(crate) fn fits_path(text: &str) -> bool {
    !matches!(text, "" | "." | ".." | "me") && !text.contains(['/', '\\', '?', '#', '%'])
}

/// Whether a text has the form of a user's id.
pub(crate) fn is_user_id(text: &str) -> bool {
    is_id(text, "00u")
}
