//! The probe: can every controller be reached, may the account sign in, and what may it do? It changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{Action, Grant, Probe, ProbeReport};
use quell_alert::Provider;

use crate::account::{ACCOUNT, Account};
use crate::actions::{
    AddToGroup, DisableAccount, EnableAccount, ForcePasswordChange, RemoveFromGroup, ResetPassword,
    UnlockAccount,
};
use crate::client::{Client, Need};
use crate::emulator::Holder;
use crate::groups::is_privileged;
use crate::query::{Filter, Query};

/// So many accounts are looked at. Rights are given per organizational unit, so one account tells nothing of the rest.
const SAMPLE: usize = 2000;

/// Probes one domain.
pub(crate) struct DomainProbe {
    pub(crate) client: Arc<Client>,
}

#[async_trait]
impl Probe for DomainProbe {
    async fn probe(&self) -> ProbeReport {
        // Somebody asks by hand, most likely after having corrected the password: one more try is what they want.
        self.client.login().forget_refusal().await;
        let mut report = ProbeReport { system: None, problems: Vec::new(), grants: Vec::new() };
        self.reach_all(&mut report).await;
        if report.system.is_some() {
            self.look_at_rights(&mut report).await;
        }
        if report.grants.is_empty() {
            report.grants = ACTIONS.iter().map(|(action, _)| grant(action, None, None)).collect();
        }
        report
    }
}

/// The actions, and the attributes that each of them writes.
const ACTIONS: [(&str, &[&str]); 7] = [
    (DisableAccount::SPEC.name, &["useraccountcontrol"]),
    (EnableAccount::SPEC.name, &["useraccountcontrol"]),
    (ForcePasswordChange::SPEC.name, &["pwdlastset", "useraccountcontrol"]),
    (UnlockAccount::SPEC.name, &["lockouttime"]),
    (ResetPassword::SPEC.name, NOT_TOLD),
    (AddToGroup::SPEC.name, NOT_TOLD),
    (RemoveFromGroup::SPEC.name, NOT_TOLD),
];

/// For rights that no attribute of the account shows: to reset passwords is no right to write, and whom a group takes in
/// is written on the group.
const NOT_TOLD: &[&str] = &[];

impl DomainProbe {
    async fn reach_all(&self, report: &mut ProbeReport) {
        let mut systems = Vec::new();
        let pdc = self.client.pdc_emulator().await;
        for server in self.client.servers() {
            match server.root().await {
                Ok(root) => {
                    let kind = match pdc.as_ref().is_some_and(|holder| holder.host == root.host) {
                        true => ", PDC emulator",
                        false if root.read_only => ", read-only",
                        false => "",
                    };
                    systems.push(format!("{} ({}{kind})", root.host, root.domain));
                    if root.own_sids.iter().any(is_privileged) {
                        let who = self.client.login().account();
                        let problem = format!(
                            "{who} is an administrator; give it only the rights that it needs, on the units it looks after"
                        );
                        if !report.problems.contains(&problem) {
                            report.problems.push(problem);
                        }
                    }
                }
                Err(error) => report.problems.push(error.to_string()),
            }
        }
        if let Err(error) = self.client.home(Need::Writing).await {
            let problem = error.to_string();
            if !report.problems.contains(&problem) {
                report.problems.push(problem);
            }
        }
        report.system = (!systems.is_empty()).then(|| systems.join(", ") + &missing(pdc.as_ref(), &systems));
    }

    async fn look_at_rights(&self, report: &mut ProbeReport) {
        let people = Filter::all([
            Filter::text("objectCategory", "person"),
            Filter::class("user"),
            Filter::none(Filter::text("adminCount", "1")),
        ]);
        let query = Query::domain(people, &ACCOUNT, SAMPLE).the_first();
        let accounts: Vec<Account> = match self.client.ask(&query, Need::Writing).await {
            Ok((_, entries)) => entries.iter().filter_map(Account::read).collect(),
            Err(error) => return report.problems.push(format!("accounts cannot be read: {error}")),
        };
        if accounts.is_empty() {
            let who = self.client.login().account();
            report
                .problems
                .push(format!("{who} can see no account; grant it \"Read all properties\" on users"));
        }
        report.grants = ACTIONS
            .iter()
            .map(|(action, attributes)| {
                if attributes.is_empty() {
                    return grant(action, None, Some("the directory does not tell".into()));
                }
                let may = accounts.iter().filter(|account| may_write(account, attributes)).count();
                let note = format!("on {may} of {} accounts looked at", accounts.len());
                grant(action, (!accounts.is_empty()).then_some(may > 0), Some(note))
            })
            .collect();
    }
}

/// What to know where the controller that has the role is none of those that answered.
fn missing(pdc: Option<&Holder>, systems: &[String]) -> String {
    match pdc {
        Some(_) if systems.iter().any(|system| system.contains(", PDC emulator)")) => String::new(),
        Some(Holder { host, server: Some(_) }) => format!("; the PDC emulator {host} does not answer"),
        Some(Holder { host, server: None }) => {
            format!("; the PDC emulator is {host}, to which `servers` does not lead")
        }
        None => "; which controller is the PDC emulator cannot be read".to_owned(),
    }
}

fn may_write(account: &Account, attributes: &[&str]) -> bool {
    attributes.iter().all(|attribute| account.writable.iter().any(|writable| writable == attribute))
}

fn grant(action: &str, allowed: Option<bool>, note: Option<String>) -> Grant {
    Grant { action: action.to_owned(), provider: Provider::from(Provider::ACTIVE_DIRECTORY), allowed, note }
}
