//! People, and alerts about them.

use std::sync::Arc;

use quell_alert::{
    Account, AccountKind, Alert, AlertId, Device, DeviceIdentifier, Entities, Format, Identifier, Product,
    Severity, Status, Times,
};
use serde_json::json;

/// Somebody with accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The login name.
    pub name: String,
    /// The providers at which there is an account.
    pub at: Vec<&'static str>,
    /// The names of the groups that the person is in.
    pub groups: Vec<String>,
}

impl Person {
    /// Somebody with an account in every directory.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), at: vec![super::AD, super::ENTRA, super::OKTA], groups: Vec::new() }
    }

    /// Somebody with accounts here only.
    pub fn only_at(name: &str, at: &[&'static str]) -> Self {
        Self { at: at.to_vec(), ..Self::new(name) }
    }

    /// The same, in these groups.
    pub fn in_groups(mut self, groups: &[&str]) -> Self {
        self.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self
    }

    /// The security identifier, made from the name.
    pub fn sid(&self) -> Identifier {
        let sum: u64 = self.name.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
        Identifier::Sid(format!("S-1-5-21-1-2-3-{}", 1000 + sum))
    }

    /// The user principal name.
    pub fn upn(&self) -> Identifier {
        Identifier::Upn(format!("{}@contoso.example", self.name))
    }

    /// The Okta login.
    pub fn login(&self) -> Identifier {
        Identifier::Login(format!("{}@contoso.example", self.name))
    }

    /// The Entra object id.
    pub fn entra_id(&self) -> Identifier {
        Identifier::EntraId(format!("entra-{}", self.name))
    }

    /// The source anchor that ties Okta to the others.
    pub fn anchor(&self) -> Identifier {
        Identifier::ImmutableId(format!("anchor-{}", self.name))
    }
}

/// An account that an alert names like this.
pub fn account(identifiers: &[Identifier]) -> Account {
    Account {
        kind: AccountKind::Person,
        identifiers: identifiers.to_vec(),
        name: None,
        display_name: None,
        entra_tenant: None,
        host: None,
        roles: Vec::new(),
        place: "$.Entities[0]".into(),
    }
}

/// An alert about these people, by their security identifiers.
pub fn alert_about(id: &str, people: &[&Person]) -> Arc<Alert> {
    alert(id, people.iter().map(|person| account(&[person.sid()])).collect())
}

/// An alert about these accounts.
pub fn alert(id: &str, accounts: Vec<Account>) -> Arc<Alert> {
    Arc::new(bare(id, Entities { accounts, ..Entities::default() }))
}

/// An alert about a device.
pub fn device_alert(id: &str, mde_id: &str) -> Arc<Alert> {
    let device = Device {
        identifiers: vec![DeviceIdentifier::MdeId(mde_id.into())],
        name: Some("wks01".into()),
        tags: Vec::new(),
        os: None,
        roles: Vec::new(),
        place: "$.Entities[0]".into(),
    };
    Arc::new(bare(id, Entities { devices: vec![device], ..Entities::default() }))
}

fn bare(id: &str, entities: Entities) -> Alert {
    Alert {
        id: AlertId(id.into()),
        provider_id: None,
        incident_id: None,
        format: Format::SecurityAlert,
        title: "Suspected identity theft".into(),
        description: None,
        alert_type: Some("StolenTicket".into()),
        external_id: None,
        detector_id: None,
        severity: Some(Severity::High),
        status: Status::New,
        product: Product("Microsoft Defender for Identity".into()),
        provider: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        times: Times::default(),
        link: None,
        tenant: None,
        entities,
        document: json!({ "SystemAlertId": id }),
        part: None,
        before: None,
        oddities: Vec::new(),
    }
}
