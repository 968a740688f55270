//! [`WorkspaceProbe`]: what the identity may do in the workspace. It reads one incident and its own rights, and changes
//! nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{ActionError, ActionInfo, Grant, Probe, ProbeReport};
use quell_kit::microsoft::pages;
use quell_kit::{Ask, Deadline};
use serde::Deserialize;

use crate::client::Client;

/// The version of the interface that tells the caller's rights.
const VERSION: &str = "2022-04-01";

pub(crate) struct WorkspaceProbe {
    pub(crate) client: Arc<Client>,
    pub(crate) actions: Vec<ActionInfo>,
}

#[async_trait]
impl Probe for WorkspaceProbe {
    async fn probe(&self) -> ProbeReport {
        let client = &self.client;
        let deadline = client.look();
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        let ask = Ask::get(client.incidents(&[], &[("$top", "1")]));
        match client.read(ask, "reading incidents", deadline).await {
            Ok(_) => report.system = Some(client.system()),
            Err(error) => report.problems.push(error.to_string()),
        }
        let rights = self.rights(deadline).await;
        report.grants = self.actions.iter().map(|action| grant(action, rights.as_ref())).collect();
        report
    }
}

impl WorkspaceProbe {
    async fn rights(&self, deadline: Deadline) -> Result<Vec<Role>, ActionError> {
        let path = ["providers", "Microsoft.Authorization", "permissions"];
        let url = self.client.below_workspace(path.into_iter(), VERSION, &[]);
        pages(&self.client.api, Ask::get(url), deadline).await
    }
}

/// What one role allows, and takes away of it again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Role {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

fn grant(action: &ActionInfo, rights: Result<&Vec<Role>, &ActionError>) -> Grant {
    let missing = rights.ok().map(|roles| {
        let missing = |right: &&&str| !roles.iter().any(|role| role.allows(right));
        action.spec.permissions.iter().filter(missing).copied().collect::<Vec<_>>()
    });
    let note = match &missing {
        None => Some("the rights could not be read".to_owned()),
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

impl Role {
    fn allows(&self, right: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, right));
        any(&self.actions) && !any(&self.not_actions)
    }
}

/// `Microsoft.SecurityInsights/incidents/*`: a star stands for any letters.
fn fits(pattern: &str, right: &str) -> bool {
    let (pattern, right) = (pattern.to_lowercase(), right.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| right.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    last.map_or(rest.is_empty(), |last| right.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_letters_and_what_is_taken_away_is_not_allowed() {
        let write = "Microsoft.SecurityInsights/incidents/write";
        for pattern in
            ["*", "Microsoft.SecurityInsights/*", "microsoft.securityinsights/incidents/*", "*/write", write]
        {
            assert!(fits(pattern, write), "{pattern}");
        }
        for pattern in
            ["*/read", "Microsoft.SecurityInsights/*/read", "Microsoft.SecurityInsights/incidents", ""]
        {
            assert!(!fits(pattern, write), "{pattern}");
        }
        let role = Role {
            actions: vec!["*".into()],
            not_actions: vec!["Microsoft.SecurityInsights/*/write".into()],
        };
        assert!(!role.allows(write) && role.allows("Microsoft.SecurityInsights/incidents/read"));
    }
}
