//! The alerts that the tests produce: a DCSync detection as Sentinel exports it, about somebody in the real directory.

use quell_tests::broker::unique;
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../examples/alerts/01-dcsync.json");

/// An alert that nobody has seen before.
#[derive(Debug, Clone)]
pub struct Alert {
    pub id: String,
    document: Value,
}

/// That somebody has read all password hashes, by one of the names that an alert gives them.
pub fn dcsync(about: Value) -> Alert {
    let id = unique("alert");
    let mut document: Value = serde_json::from_str(SAMPLE).unwrap();
    document["SystemAlertId"] = json!(id);
    document["VendorOriginalId"] = json!(id);
    let mut alert = Alert { id, document };
    alert.about(about);
    alert
}

/// The entity of somebody who is known by SID alone.
pub fn by_sid(sid: &str) -> Value {
    json!({ "$id": "3", "Type": "account", "Sid": sid })
}

/// The entity of somebody who is known by domain and name.
pub fn by_name(domain: &str, name: &str) -> Value {
    json!({ "$id": "3", "Type": "account", "NTDomain": domain, "Name": name })
}

/// The entity of somebody who is known by user principal name.
pub fn by_upn(upn: &str) -> Value {
    let (name, suffix) = upn.split_once('@').unwrap();
    json!({ "$id": "3", "Type": "account", "Name": name, "UPNSuffix": suffix })
}

/// The entity of a machine that is known by domain and host name.
pub fn machine(domain: &str, host: &str) -> Value {
    json!({ "$id": "3", "Type": "host", "NTDomain": domain, "HostName": host })
}

/// The entity of a machine that is known by its whole name in DNS.
pub fn machine_in_dns(host: &str, zone: &str) -> Value {
    json!({ "$id": "3", "Type": "host", "HostName": host, "DnsDomain": zone })
}

impl Alert {
    /// The same alert, some time later, with this status.
    pub fn later(&self, status: &str) -> Self {
        let mut later = self.clone();
        later.document["Status"] = json!(status);
        later.document["TimeGenerated"] = json!("2026-03-02T09:30:00.0000000Z");
        later
    }

    /// Says this in its description.
    pub fn describe(&mut self, description: &str) {
        self.document["Description"] = json!(description);
    }

    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.document).unwrap()
    }

    fn about(&mut self, entity: Value) {
        // Entities are JSON inside of a text, as Log Analytics writes them.
        self.document["Entities"] = json!(json!([entity]).to_string());
    }
}
