//! [`User`]: a user as Okta describes one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A user of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) status: Status,
    /// Where an asynchronous change is leading, while one is under way.
    #[serde(default)]
    pub(crate) transitioning_to_status: Option<Status>,
    pub(crate) profile: Profile,
}

/// What is used of a user's profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) login: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) first_name: Option<String>,
    #[serde(default)]
    pub(crate) last_name: Option<String>,
}

/// Where in life a user is. Okta may add others at any time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Made, and never activated.
    Staged,
    /// Activated, and without credentials yet.
    Provisioned,
    /// Able to sign in.
    Active,
    /// On the way to a new password.
    Recovery,
    /// Able to sign in once the password is changed.
    PasswordExpired,
    /// Locked by too many wrong passwords.
    LockedOut,
    /// Unable to sign in, and otherwise as before.
    Suspended,
    /// Deactivated: the assignments are gone.
    Deprovisioned,
    /// On the way to being active.
    Activating,
    /// Something newer than this program.
    #[serde(untagged)]
    Unknown(String),
}

impl User {
    /// What people call the user.
    pub(crate) fn display(&self) -> &str {
        &self.profile.login
    }

    /// The person's name, where one is known.
    pub(crate) fn name(&self) -> Option<String> {
        let Profile { display_name, first_name, last_name, .. } = &self.profile;
        display_name.clone().or_else(|| Some(format!("{} {}", first_name.as_ref()?, last_name.as_ref()?)))
    }
}

impl Status {
    /// Whether somebody in this status can sign in, or could after changing the password or being unlocked; `None`
    /// where that is not known.
    pub(crate) fn can_sign_in(&self) -> Option<bool> {
        match self {
            Self::Suspended | Self::Deprovisioned | Self::Staged => Some(false),
            Self::Unknown(_) => None,
            _ => Some(true),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
            Self::Activating => "ACTIVATING",
            Self::Unknown(word) => word,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn statuses_are_read_as_they_are_written_and_new_ones_are_kept() {
        for word in [
            "STAGED",
            "PROVISIONED",
            "ACTIVE",
            "RECOVERY",
            "PASSWORD_EXPIRED",
            "LOCKED_OUT",
            "SUSPENDED",
            "DEPROVISIONED",
            "ACTIVATING",
            "HIBERNATING",
        ] {
            let status: Status = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(status.to_string(), word);
            assert_eq!(serde_json::to_value(&status).unwrap(), json!(word));
            assert_eq!(matches!(status, Status::Unknown(_)), word == "HIBERNATING");
            assert_eq!(status.can_sign_in().is_none(), word == "HIBERNATING");
        }
    }

    #[test]
    fn a_sparse_user_is_read() {
        let user: User = serde_json::from_value(json!({
            "id": "00u12345678901234567", "status": "ACTIVE", "profile": { "login": "alice" }, "new": {}
        }))
        .unwrap();
        assert_eq!((user.display(), user.name()), ("alice", None));
    }
}
