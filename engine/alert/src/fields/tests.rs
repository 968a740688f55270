use std::collections::HashSet;

use super::*;
use crate::Before;
use crate::alert::{AlertId, Format, Status, Times};
use crate::entity::{Entities, EntityKind};
use crate::identity::AccountKind;

fn role() -> Vec<Role> {
    vec![Role("source".into())]
}

/// An alert that has something to say for every field.
fn talkative() -> Alert {
    let some = |value: &str| Some(value.to_owned());
    let time = Timestamp::from_timestamp(1_700_000_000, 0);
    let hashes: Vec<_> = ["sha256", "sha1", "md5"]
        .map(|algorithm| HashEntity { algorithm: algorithm.into(), value: "ab".into() })
        .into();
    let account = Account {
        kind: AccountKind::Person,
        identifiers: [
            "sid:S-1-5-21-1-2-3-1104",
            "ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa5",
            "entra_id:7d1f0d4e-1234-5678-9abc-def012345678",
            "okta_id:00ub0oNGTSWTBKOLGLNR",
            "upn:a@x.example",
            "sam:x\\a",
            "mail:a@x.example",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect(),
        name: some("a"),
        display_name: some("A"),
        entra_tenant: some("t"),
        host: some("h"),
        roles: role(),
        place: "$".into(),
    };
    let device = Device {
        identifiers: [
            &format!("mde_id:{}", "a1".repeat(20)),
            "entra_device_id:7d1f0d4e-1234-5678-9abc-def012345678",
            "azure_id:/x",
            "sid:S-1-5-21-1-2-3-1604",
            "dns_name:w.x.example",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect(),
        name: some("w"),
        tags: vec!["t".into()],
        os: some("Windows"),
        roles: role(),
        place: "$".into(),
    };
    Alert {
        id: AlertId("1".into()),
        provider_id: some("2"),
        incident_id: some("3"),
        format: Format::SecurityAlert,
        title: "t".into(),
        description: some("d"),
        alert_type: some("y"),
        external_id: some("2006"),
        detector_id: some("xdr_X"),
        severity: Some(Severity::High),
        status: Status::New,
        product: Product("p".into()),
        provider: some("p"),
        tactics: vec!["CredentialAccess".into()],
        techniques: vec!["T1003".into()],
        times: Times { start: time, end: time, updated: time },
        link: some("l"),
        tenant: some("t"),
        entities: Entities {
            accounts: vec![account],
            devices: vec![device],
            ips: vec![IpEntity { address: "10.0.0.1".into(), country: some("DE"), roles: role() }],
            files: vec![FileEntity { name: some("f"), directory: some("d"), hashes: hashes.clone() }],
            hashes,
            urls: vec![UrlEntity { url: "https://x.example".into() }],
            domains: vec!["x.example".into()],
            mailboxes: vec![MailboxEntity {
                address: "a@x.example".into(),
                display_name: some("A"),
                upn: some("a@x.example"),
                entra_id: some("7d1f0d4e-1234-5678-9abc-def012345678"),
            }],
            others: vec![],
        },
        document: serde_json::Value::Null,
        part: None,
        before: Some(Before {
            title: "before".into(),
            severity: Some(Severity::Low),
            status: Status::InProgress,
            changed: vec!["title".into()],
        }),
        oddities: vec![],
    }
}

fn ask<'a>(alert: &'a Alert, name: &str) -> Option<FieldValue<'a>> {
    let entities = &alert.entities;
    match name.split('.').next().unwrap() {
        "alert" => alert.field(name),
        "account" => entities.accounts[0].field(name),
        "device" => entities.devices[0].field(name),
        "ip" => entities.ips[0].field(name),
        "mailbox" => entities.mailboxes[0].field(name),
        "file" => entities.files[0].field(name),
        "hash" => entities.hashes[0].field(name),
        "url" => entities.urls[0].field(name),
        other => panic!("nothing answers {other}"),
    }
}

fn kind_of(value: &FieldValue<'_>) -> FieldKind {
    match value {
        FieldValue::Text(_) => FieldKind::Text,
        FieldValue::TextList(_) => FieldKind::TextList,
        FieldValue::Product(_) => FieldKind::Product,
        FieldValue::Severity(_) => FieldKind::Severity,
        FieldValue::Time(_) => FieldKind::Time,
        FieldValue::Ip(_) => FieldKind::Ip,
        FieldValue::Boolean(_) => FieldKind::Boolean,
        FieldValue::Integer(_) => FieldKind::Integer,
    }
}

#[test]
fn every_listed_field_is_answered_with_its_kind() {
    let alert = talkative();
    for field in fields() {
        let value = ask(&alert, field.name);
        let value = value.unwrap_or_else(|| panic!("{} is listed and not answered", field.name));
        assert_eq!(kind_of(&value), field.kind, "{}", field.name);
        assert!(!value.to_string().is_empty(), "{}", field.name);
    }
}

#[test]
fn no_field_is_listed_twice_and_scopes_are_known() {
    let names: HashSet<_> = fields().iter().map(|field| field.name).collect();
    assert_eq!(names.len(), fields().len());
    for name in names {
        let scope = name.split('.').next().unwrap();
        assert!(scope == "alert" || EntityKind::ALL.iter().any(|kind| kind.as_str() == scope), "{name}");
    }
}

#[test]
fn what_is_not_listed_is_not_answered() {
    let alert = talkative();
    for name in ["alert.nothing", "alert.", "severity", "account.nothing", "device.nothing", "url.x", "ip.x"]
    {
        assert_eq!(ask(&alert, if name.contains('.') { name } else { "alert.x" }), None, "{name}");
    }
    assert_eq!(alert.field("severity"), None);
    assert_eq!(alert.field("account.sid"), None);
    assert_eq!(field("alert.severity").map(|field| field.kind), Some(FieldKind::Severity));
}
