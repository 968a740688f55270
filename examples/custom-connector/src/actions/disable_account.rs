//! `account.disable`: blocks somebody's badge.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};

use super::blocked::{self, Output, Params};
use crate::client::Client;
use crate::connector::PROVIDER;

/// `account.disable`.
pub(crate) struct DisableAccount;

impl Action for DisableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.disable",
        provider: PROVIDER,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.enable"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["badges:write"],
        summary: "Blocks the badge: no door opens to it.",
        vendor_page: "https://badges.example/docs/badges",
    };
    type Params = Params;
    type Output = Output;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<Params>) -> Result<Outcome<Output>, ActionError> {
        blocked::set(client, request, true).await
    }

    async fn observe(client: &Client, target: &Target, _: &Params) -> Result<Observation, ActionError> {
        blocked::observe(client, target, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<Params>>,
    ) -> Result<Outcome<()>, ActionError> {
        blocked::restore(client, request).await
    }
}
