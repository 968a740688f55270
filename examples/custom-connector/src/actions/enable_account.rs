//! `account.enable`: frees somebody's badge.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};

use super::blocked::{self, Output, Params};
use crate::client::Client;
use crate::connector::PROVIDER;

/// `account.enable`.
pub(crate) struct EnableAccount;

impl Action for EnableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.enable",
        provider: PROVIDER,
        target: TargetKind::Account,
        impact: Impact::Restoring,
        undo: Some("account.disable"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["badges:write"],
        summary: "Frees the badge: doors open to it again.",
        vendor_page: "https://badges.example/docs/badges",
    };
    type Params = Params;
    type Output = Output;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Params>) -> Result<Outcome<Output>, ActionError> {
        blocked::set(client, request, false).await
    }

    async fn observe(client: &Client, target: &Target, _: &Params) -> Result<Observation, ActionError> {
        blocked::observe(client, target, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Params>>,
    ) -> Result<Outcome<()>, ActionError> {
        blocked::restore(client, request).await
    }
}
