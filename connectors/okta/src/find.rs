//! Who is meant by a name. Okta is generous in finding: by short names, without accents, without case. We are not.

use std::collections::HashMap;
use std::time::Duration;

use quell_action::{ActionError, Failure, LookUp};
use quell_alert::Identifier;
use quell_kit::Deadline;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::{Okta, fits_path, is_user_id};
use crate::users::User;

/// So long the list of who came from Active Directory is believed. A hit is looked up again each time.
const ANCHORS_LAST: Duration = Duration::from_secs(600);

/// Who came from Active Directory, by anchor. Okta has no question for it, so the whole list is read and kept.
#[derive(Debug, Default)]
pub(crate) struct Anchors(Mutex<Option<Known>>);

/// When the list was read, and the ids of the users that came from the account with an anchor.
type Known = (Instant, HashMap<String, Vec<String>>);

impl Okta {
    /// The user who has all of the names that Okta can be asked by.
    ///
    /// # Errors
    /// When Okta could not be asked.
    pub(crate) async fn find(
        &self,
        identifiers: &[Identifier],
        deadline: Deadline,
    ) -> Result<LookUp<User>, ActionError> {
        let mut found: Option<User> = None;
        let mut nobody = false;
        for identifier in identifiers {
            let answer = match identifier {
                Identifier::OktaId(id) => self.by_id(id, deadline).await?,
                Identifier::Login(login) | Identifier::Upn(login) => self.by_login(login, deadline).await?,
                Identifier::ImmutableId(anchor) if self.knows_anchors() => {
                    self.by_anchor(anchor, deadline).await?
                }
                _ => continue,
            };
            match (answer, &found) {
                (LookUp::Ambiguous(why), _) => return Ok(LookUp::Ambiguous(why)),
                (LookUp::NotFound, _) => nobody = true,
                (LookUp::Found(user), Some(other)) if user.id != other.id => {
                    let (one, other) = (user.display(), other.display());
                    return Ok(LookUp::Ambiguous(format!("the names belong to {other} and to {one}")));
                }
                (LookUp::Found(user), _) => found = Some(user),
            }
        }
        Ok(match found {
            Some(user) if !nobody => LookUp::Found(user),
            _ => LookUp::NotFound,
        })
    }

    /// The one user whom a text names, by id or by the whole login.
    ///
    /// # Errors
    /// When there is none, or more than one could be meant.
    pub(crate) async fn one_user(&self, text: &str, deadline: Deadline) -> Result<User, ActionError> {
        let text = text.trim();
        let found = match is_user_id(text) {
            true => self.by_id(text, deadline).await?,
            false => self.by_login(text, deadline).await?,
        };
        match found {
            LookUp::Found(user) => Ok(user),
            LookUp::NotFound => Err(ActionError::not_found(format!("{} has no user {text:?}", self.realm()))),
            LookUp::Ambiguous(why) => Err(ActionError::new(Failure::Ambiguous, why)),
        }
    }

    async fn by_id(&self, id: &str, deadline: Deadline) -> Result<LookUp<User>, ActionError> {
        if !is_user_id(id) {
            return Ok(LookUp::NotFound);
        }
        match self.user(id, deadline).await {
            Ok(user) => Ok(LookUp::Found(user)),
            Err(error) => not_found_or(error),
        }
    }

    /// What cannot stand in a path is searched for: the answer may be a second old, and is read again by id.
    async fn by_login(&self, login: &str, deadline: Deadline) -> Result<LookUp<User>, ActionError> {
        if login.trim().is_empty() || login.eq_ignore_ascii_case("me") {
            return Ok(LookUp::NotFound);
        }
        // A text in the form of an id would be found as one.
        if fits_path(login) && !is_user_id(login) {
            return Ok(match self.user_by_login(login, deadline).await? {
                None => LookUp::NotFound,
                Some(user) if has_login(&user, login) => LookUp::Found(user),
                Some(user) => LookUp::Ambiguous(format!(
                    "Okta was asked for {login:?} and answered with {:?}: a short name, or one without accents",
                    user.profile.login
                )),
            });
        }
        let mut found = self.users_with_login(login, deadline).await?;
        found.retain(|user| has_login(user, login));
        match (found.pop(), found.is_empty()) {
            (None, _) => Ok(LookUp::NotFound),
            (Some(user), true) => self.by_id(&user.id, deadline).await,
            (Some(_), false) => Ok(LookUp::Ambiguous(format!("several users have the login {login:?}"))),
        }
    }

    async fn by_anchor(&self, anchor: &str, deadline: Deadline) -> Result<LookUp<User>, ActionError> {
        let ids = self.ids_by_anchor(anchor, deadline).await?;
        match ids.as_slice() {
            [] => Ok(LookUp::NotFound),
            [id] => match self.anchors_of(id, deadline).await?.iter().any(|known| known == anchor) {
                true => self.by_id(id, deadline).await,
                false => Ok(LookUp::NotFound),
            },
            _ => {
                Ok(LookUp::Ambiguous(format!("several users came from the account with the anchor {anchor}")))
            }
        }
    }

    fn knows_anchors(&self) -> bool {
        !self.settings.active_directory_apps.is_empty()
    }

    async fn ids_by_anchor(&self, anchor: &str, deadline: Deadline) -> Result<Vec<String>, ActionError> {
        let mut known = self.anchors.0.lock().await;
        if let Some((_, anchors)) = known.as_ref().filter(|(read_at, _)| read_at.elapsed() < ANCHORS_LAST) {
            return Ok(anchors.get(anchor).cloned().unwrap_or_default());
        }
        let read_at = Instant::now();
        let mut anchors: HashMap<String, Vec<String>> = HashMap::new();
        for app in &self.settings.active_directory_apps {
            for user in self.app_users(app, deadline).await? {
                let Some(anchor) = user.external_id else { continue };
                let ids = anchors.entry(anchor).or_default();
                if !ids.contains(&user.id) {
                    ids.push(user.id);
                }
            }
        }
        let ids = anchors.get(anchor).cloned().unwrap_or_default();
        *known = Some((read_at, anchors));
        Ok(ids)
    }

    /// The anchors of a user in Active Directory, as the integrations say now.
    ///
    /// # Errors
    /// When an integration could not be asked.
    pub(crate) async fn anchors_of(&self, id: &str, deadline: Deadline) -> Result<Vec<String>, ActionError> {
        let mut anchors = Vec::new();
        for app in &self.settings.active_directory_apps {
            let user = self.app_user(app, id, deadline).await?;
            anchors.extend(user.and_then(|user| user.external_id));
        }
        Ok(anchors)
    }
}

/// Logins do not heed case; everything else has to be the same.
fn has_login(user: &User, login: &str) -> bool {
    Identifier::login(&user.profile.login).ok() == Identifier::login(login).ok()
}

fn not_found_or<F>(error: ActionError) -> Result<LookUp<F>, ActionError> {
    match error.failure {
        Failure::NotFound => Ok(LookUp::NotFound),
        _ => Err(error),
    }
}
