//! [`FleetProbe`]: what the application may do. It reads one device and changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{ActionInfo, Probe, ProbeReport};
use quell_kit::Ask;
use quell_kit::microsoft::{Holds, grant_of, granted, grants, with_query};

use crate::client::Client;

/// Rights that hold others.
const HOLDS: Holds<'_> = &[("Machine.ReadWrite.All", &["Machine.Read.All"])];

pub(crate) struct FleetProbe {
    pub(crate) client: Arc<Client>,
    pub(crate) actions: Vec<ActionInfo>,
}

#[async_trait]
impl Probe for FleetProbe {
    async fn probe(&self) -> ProbeReport {
        let client = &self.client;
        let deadline = client.look();
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        let url = with_query(client.api.url(["machines"]), &[("$top", "1")]);
        match client.read(Ask::get(url), "reading devices", deadline).await {
            Ok(_) => report.system = Some(format!("tenant {} at {}", client.realm, client.host())),
            Err(error) => report.problems.push(error.to_string()),
        }
        let rights = client.tokens.get(deadline).await.ok().and_then(|token| granted(&token));
        if rights.as_ref().is_some_and(|rights| !grants(rights, "Machine.Read.All", HOLDS)) {
            report.problems.push("Machine.Read.All not granted: without it no device is found".into());
        }
        let actions = self.actions.iter();
        report.grants = actions.map(|action| grant_of(action, rights.as_deref(), HOLDS)).collect();
        report
    }
}
