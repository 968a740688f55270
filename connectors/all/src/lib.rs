//! The list of connectors: one line each. Whoever adds one adds its line here, and nothing else outside its folder.

mod kind;

use quell_action::Catalogue;

pub use kind::Kind;

/// Every connector that this program has.
pub fn all() -> Vec<Kind> {
    vec![
        Kind::of::<quell_active_directory::ActiveDirectory>(),
        Kind::of::<quell_defender_endpoint::DefenderEndpoint>(),
        Kind::of::<quell_defender_identity::DefenderIdentity>(),
        Kind::of::<quell_defender_xdr::DefenderXdr>(),
        Kind::of::<quell_entra_id::EntraId>(),
        Kind::of::<quell_lab::LabConnector>(),
        Kind::of::<quell_okta::OktaConnector>(),
        Kind::of::<quell_sentinel::Sentinel>(),
        Kind::of::<quell_script::ScriptConnector>(),
        Kind::of::<quell_http::HttpConnector>(),
        Kind::of::<quell_slack::SlackConnector>(),
        Kind::of::<quell_teams::TeamsConnector>(),
        Kind::of::<quell_pagerduty::PagerDutyConnector>(),
        Kind::of::<quell_servicenow::ServiceNowConnector>(),
        Kind::of::<quell_jira::JiraConnector>(),
        Kind::of::<quell_thehive::TheHiveConnector>(),
        Kind::of::<quell_smtp::SmtpConnector>(),
        Kind::of::<quell_webhook::WebhookConnector>(),
    ]
}

/// The connector of this name.
pub fn find(name: &str) -> Option<Kind> {
    all().into_iter().find(|kind| kind.name() == name)
}

/// Every action that could ever be offered, the engine's own included.
pub fn catalogue() -> Catalogue {
    let own = quell_action::lists::described();
    Catalogue::new(all().iter().flat_map(Kind::actions).chain(own))
}
