//! [`TenantProbe`]: what the application may do in the tenant. It reads one user and changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{ActionInfo, Probe, ProbeReport};
use quell_kit::Ask;
use quell_kit::microsoft::{Holds, grant_of, granted, grants, with_query};

use crate::client::Client;

/// Rights that hold others.
const HOLDS: Holds<'_> = &[
    (
        "User.ReadWrite.All",
        &[
            "User.Read.All",
            "User.EnableDisableAccount.All",
            "User.RevokeSessions.All",
            "User-PasswordProfile.ReadWrite.All",
        ],
    ),
    ("Directory.ReadWrite.All", &["User.Read.All", "User.RevokeSessions.All", "GroupMember.ReadWrite.All"]),
    ("Group.ReadWrite.All", &["GroupMember.ReadWrite.All"]),
];

/// What looking up needs.
const READS: [&str; 3] = ["User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"];

pub(crate) struct TenantProbe {
    pub(crate) client: Arc<Client>,
    pub(crate) actions: Vec<ActionInfo>,
}

#[async_trait]
impl Probe for TenantProbe {
    async fn probe(&self) -> ProbeReport {
        let client = &self.client;
        let deadline = client.look();
        let url = with_query(client.api.url(["users"]), &[("$top", "1"), ("$select", "id")]);
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        match client.read(Ask::get(url), "reading users", deadline).await {
            Ok(_) => report.system = Some(format!("tenant {} at {}", client.realm, client.host())),
            Err(error) => report.problems.push(error.to_string()),
        }
        let rights = match client.tokens.get(deadline).await {
            Ok(token) => granted(&token),
            Err(_) => None,
        };
        if let Some(rights) = &rights {
            let holds = |right: &str| grants(rights, right, HOLDS);
            let eligible = client.eligible_roles.then_some("RoleEligibilitySchedule.Read.Directory");
            let missing: Vec<&str> =
                READS.into_iter().chain(eligible).filter(|right| !holds(right)).collect();
            if !missing.is_empty() {
                report.problems.push(format!(
                    "{} not granted: without it groups or privilege stay unknown, and entries of the exclusion list that need them stop every action",
                    missing.join(", ")
                ));
            }
        }
        let actions = self.actions.iter();
        report.grants = actions.map(|action| grant_of(action, rights.as_deref(), HOLDS)).collect();
        report
    }
}
