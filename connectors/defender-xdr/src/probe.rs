//! [`TenantProbe`]: what the application may do. It reads one incident and changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{ActionInfo, Probe, ProbeReport};
use quell_kit::microsoft::{Holds, grant_of, granted};

use crate::client::Client;

/// Rights that hold others.
const HOLDS: Holds<'_> = &[
    ("SecurityAlert.ReadWrite.All", &["SecurityAlert.Read.All"]),
    ("SecurityIncident.ReadWrite.All", &["SecurityIncident.Read.All"]),
];

pub(crate) struct TenantProbe {
    pub(crate) client: Arc<Client>,
    pub(crate) actions: Vec<ActionInfo>,
}

#[async_trait]
impl Probe for TenantProbe {
    async fn probe(&self) -> ProbeReport {
        let client = &self.client;
        let deadline = client.look();
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        match client.reach(deadline).await {
            Ok(()) => report.system = Some(client.system()),
            Err(error) => report.problems.push(error.to_string()),
        }
        let rights = client.tokens.get(deadline).await.ok().and_then(|token| granted(&token));
        let actions = self.actions.iter();
        report.grants = actions.map(|action| grant_of(action, rights.as_deref(), HOLDS)).collect();
        report
    }
}
