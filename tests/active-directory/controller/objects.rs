//! What stands in the small domain: people, machines and groups.

use std::collections::BTreeMap;

use quell_alert::{Sid, guid_to_ad_bytes};
use uuid::Uuid;

use super::domain::{DOMAIN, DOMAIN_SID, Object};

/// Every user here has a GUID made of its name.
pub fn guid_of(name: &str) -> Uuid {
    let mut bytes = [0_u8; 16];
    name.bytes().zip(&mut bytes).for_each(|(letter, byte)| *byte = letter);
    Uuid::from_bytes(bytes)
}

pub fn user(name: &str, guid: Uuid, rid: u32) -> Object {
    let mut user =
        Object { dn: format!("CN={name},OU=Staff,DC=corp,DC=example"), attributes: BTreeMap::new() };
    let dn = user.dn.clone();
    for (attribute, value) in [
        ("distinguishedname", dn.as_str()),
        ("samaccountname", name),
        ("userprincipalname", &format!("{name}@corp.example")),
        ("objectclass", "user"),
        ("objectcategory", "person"),
        ("useraccountcontrol", "512"),
        ("pwdlastset", "134396935215665440"),
        ("lockouttime", "0"),
    ] {
        user.set(attribute, value);
    }
    user.attributes.insert("objectguid".into(), vec![guid_to_ad_bytes(guid).to_vec()]);
    user.attributes.insert("objectsid".into(), vec![sid(rid)]);
    user.attributes.insert("tokengroups".into(), vec![sid(513), sid(1200)]);
    let writable = ["userAccountControl", "pwdLastSet", "lockoutTime"].map(|name| name.as_bytes().to_vec());
    user.attributes.insert("allowedattributeseffective".into(), writable.to_vec());
    user
}

/// The account of a computer, under the name that it has in the domain: `WKS1$`.
pub fn machine(name: &str, rid: u32) -> Object {
    let account = format!("{name}$");
    let mut machine = user(&account, guid_of(&account), rid);
    machine.dn = format!("CN={name},OU=Workstations,{DOMAIN}");
    for (attribute, value) in [
        ("distinguishedname", machine.dn.clone()),
        ("dnshostname", format!("{name}.corp.example")),
        ("objectcategory", "computer".to_owned()),
        ("useraccountcontrol", "4096".to_owned()),
    ] {
        machine.set(attribute, &value);
    }
    machine.attributes.remove("userprincipalname");
    let classes = ["user", "computer"].map(|class| class.as_bytes().to_vec()).to_vec();
    machine.attributes.insert("objectclass".into(), classes);
    machine
}

pub fn group(name: &str, rid: u32) -> Object {
    let dn = format!("CN={name},OU=Groups,DC=corp,DC=example");
    let mut group = Object { dn: dn.clone(), attributes: BTreeMap::new() };
    for (attribute, value) in
        [("distinguishedname", dn.as_str()), ("samaccountname", name), ("objectclass", "group")]
    {
        group.attributes.insert(attribute.into(), vec![value.as_bytes().to_vec()]);
    }
    group.attributes.insert("objectguid".into(), vec![guid_to_ad_bytes(guid_of(name)).to_vec()]);
    group.attributes.insert("objectsid".into(), vec![sid(rid)]);
    group
}

pub fn builtin_administrators() -> Object {
    let mut group = group("Administrators", 1);
    let sid = "S-1-5-32-544".parse::<Sid>().unwrap().to_bytes();
    group.attributes.insert("objectsid".into(), vec![sid]);
    group
}

pub fn sid(rid: u32) -> Vec<u8> {
    format!("{DOMAIN_SID}-{rid}").parse::<Sid>().unwrap().to_bytes()
}
