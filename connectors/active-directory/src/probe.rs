//! The probe: can every controller be reached, may the account sign in, and what may it do? It changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{Action, Grant, Probe, ProbeReport};
use quell_alert::Provider;

use crate::account::{ACCOUNT, Account};
use crate::actions::{
    AddToGroup, DisableAccount, DisableMachine, EnableAccount, EnableMachine, ForcePasswordChange, GetUser,
    RemoveFromGroup, ResetPassword, UnlockAccount,
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
            let actions = ON_PEOPLE.iter().chain(&ON_MACHINES);
            report.grants = actions.map(|(action, _)| grant(action, None, None)).collect();
        }
        report
    }
}

/// The actions on machines, and what each of them must be allowed on an account.
const ON_MACHINES: [(&str, Right); 2] = [
    (DisableMachine::SPEC.name, Right::ToWrite(&["useraccountcontrol"])),
    (EnableMachine::SPEC.name, Right::ToWrite(&["useraccountcontrol"])),
];

/// The same of those on people.
const ON_PEOPLE: [(&str, Right); 8] = [
    (DisableAccount::SPEC.name, Right::ToWrite(&["useraccountcontrol"])),
    (EnableAccount::SPEC.name, Right::ToWrite(&["useraccountcontrol"])),
    (ForcePasswordChange::SPEC.name, Right::ToWrite(&["pwdlastset", "useraccountcontrol"])),
    (UnlockAccount::SPEC.name, Right::ToWrite(&["lockouttime"])),
    (ResetPassword::SPEC.name, Right::NotTold),
    (AddToGroup::SPEC.name, Right::NotTold),
    (RemoveFromGroup::SPEC.name, Right::NotTold),
    (GetUser::SPEC.name, Right::ToRead),
];

/// What an action must be allowed.
enum Right {
    /// To write these attributes.
    ToWrite(&'static [&'static str]),
    /// To read whether the account is enabled.
    ToRead,
    /// What no attribute of the account shows: to reset passwords is no right to write, and whom a group takes in is
    /// written on the group.
    NotTold,
}

impl Right {
    /// Whether this account shows that it is there.
    fn on(&self, account: &Account) -> bool {
        let writable = |attribute: &&str| account.writable.iter().any(|writable| writable == attribute);
        match self {
            Self::ToWrite(attributes) => attributes.iter().all(writable),
            Self::ToRead => account.control.is_some(),
            Self::NotTold => false,
        }
    }
}

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
        let people =
            [Filter::class("user"), Filter::text("objectCategory", "person"), not_an_administrator()];
        let Some(people) = self.sample(people, report).await else { return };
        if people.is_empty() {
            let who = self.client.login().account();
            report
                .problems
                .push(format!("{who} can see no account; grant it \"Read all properties\" on users"));
        }
        let machines =
            [Filter::class("computer"), Filter::text("objectCategory", "computer"), not_an_administrator()];
        let Some(machines) = self.sample(machines, report).await else { return };
        let on_people = ON_PEOPLE.iter().map(|(action, right)| granted(action, right, &people, "accounts"));
        let on_machines =
            ON_MACHINES.iter().map(|(action, right)| granted(action, right, &machines, "computers"));
        report.grants = on_people.chain(on_machines).collect();
    }

    /// Some of the accounts that pass these; nothing where they cannot be read, which the report then says.
    async fn sample(&self, filters: [Filter; 3], report: &mut ProbeReport) -> Option<Vec<Account>> {
        let query = Query::domain(Filter::all(filters), &ACCOUNT, SAMPLE).the_first();
        match self.client.ask(&query, Need::Writing).await {
            Ok((_, entries)) => Some(entries.iter().filter_map(Account::read).collect()),
            Err(error) => {
                report.problems.push(format!("accounts cannot be read: {error}"));
                None
            }
        }
    }
}

fn not_an_administrator() -> Filter {
    Filter::none(Filter::text("adminCount", "1"))
}

/// On how many of these accounts an action would be allowed.
fn granted(action: &str, right: &Right, accounts: &[Account], what: &str) -> Grant {
    if matches!(right, Right::NotTold) {
        return grant(action, None, Some("the directory does not tell".into()));
    }
    let may = accounts.iter().filter(|account| right.on(account)).count();
    let note = format!("on {may} of {} {what} looked at", accounts.len());
    grant(action, (!accounts.is_empty()).then_some(may > 0), Some(note))
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

fn grant(action: &str, allowed: Option<bool>, note: Option<String>) -> Grant {
    Grant { action: action.to_owned(), provider: Provider::from(Provider::ACTIVE_DIRECTORY), allowed, note }
}
