//! What a token says about its rights. For probes only: nothing is decided by it, and a token that does not tell is
//! as good as any other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quell_action::{ActionInfo, Grant};
use serde::Deserialize;

use crate::oauth::Token;

/// Rights that hold others: the broad one, and those in it.
pub type Holds<'a> = &'a [(&'a str, &'a [&'a str])];

/// The rights that were granted to the application, as its token tells them; nothing where it does not.
pub fn granted(token: &Token) -> Option<Vec<String>> {
    let shown = token.authorization();
    let claims = shown.to_str().ok()?.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.roles)
}

/// Whether a right was granted, itself or by one that holds it.
pub fn grants(granted: &[String], right: &str, holds: Holds<'_>) -> bool {
    granted.iter().any(|name| {
        name == right || holds.iter().any(|(broad, narrow)| name == broad && narrow.contains(&right))
    })
}

/// Whether the rights allow an action, for the report of a probe.
pub fn grant_of(action: &ActionInfo, granted: Option<&[String]>, holds: Holds<'_>) -> Grant {
    let missing: Option<Vec<&str>> = granted.map(|granted| {
        action.spec.permissions.iter().copied().filter(|right| !grants(granted, right, holds)).collect()
    });
    let note = match &missing {
        None => Some("there is no token, or it does not tell its rights".to_owned()),
        Some(missing) if missing.is_empty() => None,
        Some(missing) => Some(format!("grant {}", missing.join(" and "))),
    };
    Grant {
        action: action.spec.name.to_owned(),
        provider: action.provider(),
        allowed: missing.map(|missing| missing.is_empty()),
        note,
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broad_right_holds_the_narrow_ones_and_no_others() {
        let granted = ["User.ReadWrite.All".to_owned()];
        let holds: Holds<'_> = &[("User.ReadWrite.All", &["User.Read.All"])];
        assert!(grants(&granted, "User.Read.All", holds) && grants(&granted, "User.ReadWrite.All", holds));
        assert!(!grants(&granted, "Group.Read.All", holds) && !grants(&[], "User.Read.All", holds));
    }
}
