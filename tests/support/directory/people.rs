//! Making people in the real directory, looking at them, and trying to sign in as them.

use std::collections::HashSet;
use std::sync::Arc;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod, Scope, SearchEntry};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::environment::variable;

/// The domain's administrator.
pub struct Admin {
    ldap: Ldap,
}

/// Somebody, or a computer, whom a test has made.
#[derive(Debug, Clone)]
pub struct Person {
    pub upn: String,
    pub dn: String,
    pub guid: uuid::Uuid,
    pub sid: String,
    /// How long the log of changes was when they were made: what stands before is about somebody else.
    pub born: usize,
}

impl Admin {
    pub async fn new() -> Self {
        Self::at(&variable("QUELL_TEST_AD_URL"), &variable("QUELL_TEST_AD_CA")).await
    }

    /// At a controller of a test's own.
    pub async fn at(url: &str, ca_file: &str) -> Self {
        let mut ldap = open(url, ca_file).await;
        let (user, password) =
            (variable("QUELL_TEST_AD_ADMIN_USER"), variable("QUELL_TEST_AD_ADMIN_PASSWORD"));
        ldap.simple_bind(&user, &password).await.unwrap().success().unwrap();
        Self { ldap }
    }

    /// A person in the organizational unit that the service account looks after.
    pub async fn person(&mut self, name: &str) -> Person {
        self.person_in(name, &variable("QUELL_TEST_AD_STAFF_OU"), &format!("{name} Test")).await
    }

    /// A person in this unit, with this common name. Whoever had one of the names before is removed.
    pub async fn person_in(&mut self, name: &str, unit: &str, common_name: &str) -> Person {
        assert!(name.len() <= 20, "{name} is too long for an account name");
        let upn = format!("{name}@example.com");
        let (escaped, escaped_upn) = (ldap3::ldap_escape(name), ldap3::ldap_escape(&*upn));
        for dn in
            self.names_of(&format!("(|(sAMAccountName={escaped})(userPrincipalName={escaped_upn}))")).await
        {
            self.delete(&dn).await;
        }
        let dn = format!("CN={},{unit}", ldap3::dn_escape(common_name));
        let attributes = [
            ("objectClass", "user"),
            ("sAMAccountName", name),
            ("userPrincipalName", &upn),
            ("userAccountControl", "512"),
        ];
        self.add(&dn, upn.clone(), &attributes).await
    }

    async fn add(&mut self, dn: &str, upn: String, attributes: &[(&str, &str)]) -> Person {
        let quoted = format!("\"{}\"", variable("QUELL_TEST_AD_USER_PASSWORD"));
        let password: Vec<u8> = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let one = |name: &str, value: &[u8]| (name.as_bytes().to_vec(), HashSet::from([value.to_vec()]));
        let attributes = attributes.iter().map(|(name, value)| one(name, value.as_bytes()));
        let all = attributes.chain([one("unicodePwd", &password)]).collect();
        self.ldap.add(dn, all).await.unwrap().success().unwrap();
        let entry = self.read(dn, vec!["objectGUID", "objectSid"]).await;
        let bytes = |name: &str| match entry.bin_attrs.get(name) {
            Some(values) => values[0].clone(),
            None => entry.attrs[name][0].clone().into_bytes(),
        };
        let guid = quell_alert::guid_from_ad_bytes(bytes("objectGUID").try_into().unwrap());
        let sid = quell_alert::Sid::from_bytes(&bytes("objectSid")).unwrap().to_string();
        Person { upn, dn: dn.to_owned(), guid, sid, born: super::audit::length() }
    }

    /// A computer account in the unit of the workstations, with the usual password and a name in DNS. One that had its name
    /// before is removed.
    pub async fn machine(&mut self, name: &str) -> Person {
        assert!(name.len() <= 15, "{name} is too long for the name of a computer account");
        let domain = variable("QUELL_TEST_AD_DOMAIN");
        let account = format!("{}$", name.to_uppercase());
        for dn in self.names_of(&format!("(sAMAccountName={account})")).await {
            self.delete(&dn).await;
        }
        let dn = format!("CN={name},OU=Workstations,{}", variable("QUELL_TEST_AD_BASE"));
        let attributes = [
            ("objectClass", "computer"),
            ("sAMAccountName", &account),
            ("dNSHostName", &format!("{name}.{domain}")),
            ("userAccountControl", "4096"),
        ];
        self.add(&dn, format!("{account}@{domain}"), &attributes).await
    }

    /// A group of this type; whoever had its name before is removed.
    pub async fn group(&mut self, name: &str, kind: i32, members: &[&str]) -> String {
        for dn in self.names_of(&format!("(sAMAccountName={name})")).await {
            self.delete(&dn).await;
        }
        let dn = format!("CN={name},OU=Groups,{}", variable("QUELL_TEST_AD_BASE"));
        let text = |attribute: &str, value: &str| (attribute.to_owned(), HashSet::from([value.to_owned()]));
        let mut attributes = vec![
            text("objectClass", "group"),
            text("sAMAccountName", name),
            text("groupType", &kind.to_string()),
        ];
        if !members.is_empty() {
            attributes.push(("member".into(), members.iter().map(ToString::to_string).collect()));
        }
        self.ldap.add(&dn, attributes).await.unwrap().success().unwrap();
        dn
    }

    pub async fn join(&mut self, person: &Person, group: &str) {
        self.modify(group, Mod::Add("member", HashSet::from([person.dn.as_str()]))).await;
    }

    /// Makes a group that somebody is in their primary one; the last part of its SID.
    pub async fn primary_group(&mut self, person: &Person, group: &str) -> String {
        let entry = self.read(group, vec!["objectSid"]).await;
        let bytes = match entry.bin_attrs.get("objectSid") {
            Some(values) => values[0].clone(),
            None => entry.attrs["objectSid"][0].clone().into_bytes(),
        };
        let sid = quell_alert::Sid::from_bytes(&bytes).unwrap().to_string();
        let rid = sid.rsplit('-').next().unwrap().to_owned();
        self.set(person, "primaryGroupID", &rid).await;
        rid
    }

    pub async fn set(&mut self, person: &Person, attribute: &str, value: &str) {
        self.modify(&format!("<GUID={}>", person.guid), Mod::Replace(attribute, HashSet::from([value])))
            .await;
    }

    pub async fn get(&mut self, person: &Person, attribute: &str) -> String {
        let entry = self.read(&format!("<GUID={}>", person.guid), vec![attribute]).await;
        entry.attrs.get(attribute).map(|values| values[0].clone()).unwrap_or_default()
    }

    /// The object GUID of somebody who was there before the tests.
    pub async fn guid_of(&mut self, account_name: &str) -> uuid::Uuid {
        let dn = self.names_of(&format!("(sAMAccountName={account_name})")).await.remove(0);
        let entry = self.read(&dn, vec!["objectGUID"]).await;
        let bytes = match entry.bin_attrs.get("objectGUID") {
            Some(values) => values[0].clone(),
            None => entry.attrs["objectGUID"][0].clone().into_bytes(),
        };
        quell_alert::guid_from_ad_bytes(bytes.try_into().unwrap())
    }

    /// Gives the server object of a controller another name, as if the role that it has were another one's.
    pub async fn name_controller(&mut self, controller: &str, name: &str) {
        let dn = format!(
            "CN={controller},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{}",
            variable("QUELL_TEST_AD_BASE")
        );
        self.modify(&dn, Mod::Replace("dNSHostName", HashSet::from([name]))).await;
    }

    pub async fn rename(&mut self, person: &Person, common_name: &str) {
        let rdn = format!("CN={}", ldap3::dn_escape(common_name));
        self.ldap.modifydn(&person.dn, &rdn, true, None).await.unwrap().success().unwrap();
    }

    pub async fn delete(&mut self, dn: &str) {
        self.ldap.delete(dn).await.unwrap().success().unwrap();
    }

    async fn modify(&mut self, dn: &str, change: Mod<&str>) {
        self.ldap.modify(dn, vec![change]).await.unwrap().success().unwrap();
    }

    async fn names_of(&mut self, filter: &str) -> Vec<String> {
        let base = variable("QUELL_TEST_AD_BASE");
        let (found, _) =
            self.ldap.search(&base, Scope::Subtree, filter, vec!["cn"]).await.unwrap().success().unwrap();
        found.into_iter().filter(|one| !one.is_ref()).map(|one| SearchEntry::construct(one).dn).collect()
    }

    async fn read(&mut self, dn: &str, attributes: Vec<&str>) -> SearchEntry {
        let (mut found, _) = self
            .ldap
            .search(dn, Scope::Base, "(objectClass=*)", attributes)
            .await
            .unwrap()
            .success()
            .unwrap();
        SearchEntry::construct(found.remove(0))
    }
}

/// Whether somebody can sign in with the usual password: nothing, or the number of the reason.
pub async fn sign_in(upn: &str) -> Option<String> {
    sign_in_with(upn, &variable("QUELL_TEST_AD_USER_PASSWORD")).await
}

pub async fn sign_in_with(upn: &str, password: &str) -> Option<String> {
    let mut ldap = open(&variable("QUELL_TEST_AD_URL"), &variable("QUELL_TEST_AD_CA")).await;
    let result = ldap.simple_bind(upn, password).await.unwrap();
    if result.rc == 0 {
        return None;
    }
    assert_eq!(result.rc, 49, "{}", result.text);
    let reason = result.text.split("data ").nth(1).unwrap_or_default();
    Some(reason.chars().take_while(char::is_ascii_hexdigit).collect())
}

async fn open(url: &str, ca_file: &str) -> Ldap {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let settings = LdapConnSettings::new().set_config(Arc::new(config));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, url).await.unwrap();
    ldap3::drive!(connection);
    ldap
}
