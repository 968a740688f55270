//! [`Account`]: one user or computer as it was read, in the terms of Active Directory.

use std::fmt;

use quell_alert::{Sid, guid_from_ad_bytes};
use uuid::Uuid;

use crate::entry::Entry;

/// What is fetched of an account, in one go.
pub(crate) const ACCOUNT: [&str; 22] = [
    "objectGUID",
    "objectSid",
    "sIDHistory",
    "objectClass",
    "distinguishedName",
    "sAMAccountName",
    "userPrincipalName",
    "dNSHostName",
    "mail",
    "proxyAddresses",
    "mS-DS-ConsistencyGuid",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "msDS-SecondaryKrbTgtNumber",
    "pwdLastSet",
    "lockoutTime",
    "primaryGroupID",
    "adminCount",
    "memberOf",
    "servicePrincipalName",
    "allowedAttributesEffective",
    "whenChanged",
];

/// The classes of accounts of services that are computers to the directory.
const MANAGED_SERVICES: [&str; 2] = ["msDS-ManagedServiceAccount", "msDS-GroupManagedServiceAccount"];

/// One user or computer as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) guid: Uuid,
    pub(crate) sid: Sid,
    /// The SIDs that it had in other domains.
    pub(crate) former_sids: Vec<Sid>,
    pub(crate) dn: String,
    pub(crate) sam: String,
    pub(crate) upn: Option<String>,
    pub(crate) mails: Vec<String>,
    /// The anchor of Entra Connect, where the site keeps one.
    pub(crate) anchor: Option<Uuid>,
    pub(crate) is_computer: bool,
    /// Whether it is the account of a service whose password the domain keeps: to the directory that is a computer too.
    pub(crate) is_managed_service: bool,
    /// What a computer calls itself in DNS.
    pub(crate) dns_host: Option<String>,
    /// The flags as they are stored; `None` where they could not be read.
    pub(crate) control: Option<Control>,
    /// The flags that the controller works out: locked, password expired.
    pub(crate) computed: Control,
    /// When the password was set, in ticks; 0 means that it must be changed.
    pub(crate) password_last_set: Option<i64>,
    /// When it was locked, in ticks; it stays when the lock-out has lapsed.
    pub(crate) lockout_time: i64,
    pub(crate) primary_group: Option<u32>,
    /// Whether it is, or was, protected as an administrator: a hint, never a decision.
    pub(crate) admin_count: bool,
    /// Whether it signs tickets for a read-only controller.
    pub(crate) secondary_krbtgt: bool,
    pub(crate) member_of: Vec<String>,
    /// Whether services run under it.
    pub(crate) runs_services: bool,
    /// What the account that signed in may write here, in lower case.
    pub(crate) writable: Vec<String>,
}

impl Account {
    /// Reads it; nothing where the entry lacks what every account has.
    pub(crate) fn read(entry: &Entry) -> Option<Self> {
        let mails = entry.text("mail").into_iter().map(str::to_owned);
        let proxies = entry.texts("proxyaddresses").filter_map(|address| {
            let (kind, rest) = address.split_at_checked(5)?;
            kind.eq_ignore_ascii_case("smtp:").then(|| rest.to_owned())
        });
        Some(Self {
            guid: entry.guid("objectguid")?,
            sid: Sid::from_bytes(entry.bytes("objectsid")?).ok()?,
            former_sids: entry.sids("sidhistory")?,
            dn: entry.text("distinguishedname").unwrap_or(&entry.dn).to_owned(),
            sam: entry.text("samaccountname")?.to_owned(),
            upn: entry.text("userprincipalname").map(str::to_owned),
            mails: mails.chain(proxies).collect(),
            anchor: entry
                .bytes("ms-ds-consistencyguid")
                .and_then(|bytes| bytes.try_into().ok())
                .map(guid_from_ad_bytes),
            is_computer: entry.holds("objectclass", "computer"),
            is_managed_service: MANAGED_SERVICES.iter().any(|class| entry.holds("objectclass", class)),
            dns_host: entry.text("dnshostname").map(str::to_owned),
            control: entry.integer("useraccountcontrol").map(Control::from_integer),
            computed: entry
                .integer("msds-user-account-control-computed")
                .map_or(Control(0), Control::from_integer),
            password_last_set: entry.integer("pwdlastset"),
            lockout_time: entry.integer("lockouttime").unwrap_or(0),
            primary_group: entry.integer("primarygroupid").and_then(|rid| u32::try_from(rid).ok()),
            admin_count: entry.integer("admincount").is_some_and(|count| count > 0),
            secondary_krbtgt: entry.text("msds-secondarykrbtgtnumber").is_some(),
            member_of: entry.texts("memberof").map(str::to_owned).collect(),
            runs_services: entry.text("serviceprincipalname").is_some(),
            writable: entry.texts("allowedattributeseffective").map(str::to_lowercase).collect(),
        })
    }

    /// Whether it stands for a machine.
    pub(crate) fn is_machine(&self) -> bool {
        self.is_computer && !self.is_managed_service
    }

    /// Whether it is locked out at this moment. The time of a lock-out alone does not tell: it stays after it lapsed.
    pub(crate) fn is_locked(&self) -> bool {
        self.computed.has(Control::LOCKOUT)
    }

    /// Whether the password must be changed at the next sign-in, as it is stored.
    pub(crate) fn must_change_password(&self) -> bool {
        self.password_last_set == Some(0)
    }
}

/// The flags of `userAccountControl`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Control(u32);

impl Control {
    pub(crate) const DISABLED: Self = Self(0x2);
    pub(crate) const LOCKOUT: Self = Self(0x10);
    pub(crate) const INTERDOMAIN_TRUST: Self = Self(0x800);
    pub(crate) const SERVER_TRUST: Self = Self(0x2000);
    pub(crate) const PASSWORD_NEVER_EXPIRES: Self = Self(0x1_0000);
    pub(crate) const SMARTCARD_REQUIRED: Self = Self(0x4_0000);
    pub(crate) const PASSWORD_EXPIRED: Self = Self(0x80_0000);
    /// A read-only domain controller.
    pub(crate) const PARTIAL_SECRETS: Self = Self(0x400_0000);

    /// Reads the attribute, which the directory keeps as a signed number.
    pub(crate) fn from_integer(value: i64) -> Self {
        // The directory's integers have 32 bits; what is cut off is the sign.
        Self((value & 0xffff_ffff) as u32)
    }

    /// As the directory writes it.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        self.0.cast_signed().to_string().into_bytes()
    }

    /// As a number, for the record.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    /// With this flag set or cleared, and every other one as it is.
    pub(crate) fn with(self, flag: Self, set: bool) -> Self {
        Self(if set { self.0 | flag.0 } else { self.0 & !flag.0 })
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use quell_alert::guid_to_ad_bytes;

    /// An entry as a controller sends it, with these attributes instead of the usual ones.
    pub(crate) fn entry(changes: &[(&str, &str)]) -> Entry {
        let guid = guid_to_ad_bytes("265a9d10-0394-4447-a726-a5c6f62b4aa5".parse().unwrap());
        let sid: Sid = "S-1-5-21-430931326-2955467119-2056817798-1102".parse().unwrap();
        let mut texts = vec![
            ("objectclass", "user"),
            ("samaccountname", "Alice"),
            ("userprincipalname", "Alice@Example.com"),
            ("distinguishedname", "CN=Alice,OU=Staff,DC=corp,DC=example"),
            ("useraccountcontrol", "512"),
            ("pwdlastset", "134396935215665440"),
        ];
        texts.retain(|(name, _)| changes.iter().all(|(other, _)| other != name));
        texts.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let values: Vec<(&str, [&[u8]; 1])> =
            texts.iter().map(|(name, value)| (*name, [value.as_bytes()])).collect();
        let mut attributes: Vec<(&str, &[&[u8]])> =
            values.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        let sid_bytes = sid.to_bytes();
        let (guid_value, sid_value): ([&[u8]; 1], [&[u8]; 1]) = ([&guid], [&sid_bytes]);
        attributes.extend([("objectguid", guid_value.as_slice()), ("objectsid", sid_value.as_slice())]);
        Entry::of("CN=Alice,OU=Staff,DC=corp,DC=example", &attributes)
    }

    pub(crate) fn account(changes: &[(&str, &str)]) -> Account {
        Account::read(&entry(changes)).unwrap()
    }

    #[test]
    fn flags_are_changed_one_by_one() {
        let stored = Control::from_integer(0x1_0200);
        let disabled = stored.with(Control::DISABLED, true);
        assert_eq!(disabled.to_bytes(), b"66050");
        assert_eq!(disabled.with(Control::DISABLED, false), stored);
        assert_eq!(stored.with(Control::DISABLED, false), stored);
        assert!(disabled.has(Control::PASSWORD_NEVER_EXPIRES));
    }

    #[test]
    fn the_highest_flag_survives_the_sign() {
        let stored = Control::from_integer(i64::from(i32::MIN) | 0x200);
        assert_eq!(stored.number(), 0x8000_0200);
        assert_eq!(stored.to_bytes(), (i32::MIN | 0x200).to_string().into_bytes());
    }

    #[test]
    fn a_lapsed_lock_out_is_none() {
        assert!(!account(&[("lockouttime", "134396935215665440")]).is_locked());
        let locked = [("lockouttime", "134396935215665440"), ("msds-user-account-control-computed", "16")];
        assert!(account(&locked).is_locked());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_something() {
        let bare = account(&[("useraccountcontrol", ""), ("pwdlastset", ""), ("userprincipalname", "")]);
        assert_eq!((bare.control, bare.password_last_set, bare.upn), (None, None, None));
        assert!(Account::read(&Entry::of("CN=x", &[])).is_none());
        // An exclusion may name a former SID.
        assert!(Account::read(&entry(&[("sidhistory", "not a SID")])).is_none());
    }

    #[test]
    fn mail_addresses_come_from_both_places() {
        let alice = account(&[("mail", "a@x.example"), ("proxyaddresses", "SMTP:b@x.example")]);
        assert_eq!(alice.mails, ["a@x.example", "b@x.example"]);
        assert!(account(&[("proxyaddresses", "x500:/o=x")]).mails.is_empty());
        assert!(account(&[("proxyaddresses", "é")]).mails.is_empty());
    }
}
