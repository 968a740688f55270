//! A small domain that behaves as Windows does where Samba does not: a stale value is refused, and in Windows' words.

use std::collections::BTreeMap;

use quell_alert::guid_to_ad_bytes;
use uuid::Uuid;

use super::message::{Change, Filter, Found, Verdict};
use super::objects::{builtin_administrators, group, guid_of, machine, sid, user};

pub const DOMAIN_SID: &str = "S-1-5-21-430931326-2955467119-2056817798";
pub const ACCOUNT: &str = "quell@corp.example";
pub const PASSWORD: &str = "Sw0rdfish-not-in-any-log";
pub const DOMAIN: &str = "DC=corp,DC=example";
/// Where the controllers stand.
const SITE: &str = "CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,DC=corp,DC=example";
const ALREADY_SET: &[u8] = b"134396935215665440";

/// What is in the domain, and how often somebody changed it.
pub struct Domain {
    pub objects: Vec<Object>,
    /// Changes that took effect.
    pub changes: usize,
    /// Sign-ins, good and bad.
    pub sign_ins: Vec<String>,
    /// What may not be written.
    pub read_only: bool,
    /// What it is called, where it is not the usual one.
    pub named: Option<&'static str>,
    /// Whether it shows what the domains of the forest are called.
    pub shows_forest: bool,
    /// Attributes of many values are told one value at a time, as far as this one.
    pub told_until: Option<usize>,
    /// Whoever asks for the rest of an attribute is shown nothing at all.
    pub hides_the_rest: bool,
    /// Which controller is the PDC emulator; `None` where that cannot be read.
    pub emulator: Option<&'static str>,
    /// Which controllers were asked who that is.
    pub asked_for_emulator: Vec<&'static str>,
    /// Which controllers were searched for objects, and which were told to change something.
    pub searched: Vec<&'static str>,
    pub told: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub dn: String,
    pub attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Domain {
    /// A domain with Alice in it, and the account that signs in.
    pub fn new() -> Self {
        let users = vec![
            user("Alice", guid_of("Alice"), 1102),
            user("quell", guid_of("quell"), 1103),
            machine("WKS1", 1104),
            group("Domain Users", 513),
            group("VIP", 1200),
            group("Quarantine", 1201),
            group("Domain Admins", 512),
            builtin_administrators(),
        ];
        Self {
            objects: users,
            changes: 0,
            sign_ins: Vec::new(),
            read_only: false,
            named: None,
            shows_forest: true,
            told_until: None,
            hides_the_rest: false,
            emulator: Some("DC1"),
            asked_for_emulator: Vec::new(),
            searched: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn object(&mut self, name: &str) -> &mut Object {
        self.objects.iter_mut().find(|object| object.text("samaccountname") == name).unwrap()
    }

    pub fn sign_in(&mut self, account: &str, password: &str) -> Verdict {
        self.sign_ins.push(account.to_owned());
        match account.eq_ignore_ascii_case(ACCOUNT) && password == PASSWORD {
            true => Verdict::good(),
            false => refused_sign_in("52e"),
        }
    }

    pub fn search(
        &self,
        base: &str,
        scope: i64,
        filter: &Filter,
        wanted: &[String],
    ) -> (Vec<Found>, Verdict) {
        if base.starts_with("CN=Partitions,") {
            return (if self.shows_forest { partitions() } else { Vec::new() }, Verdict::good());
        }
        if self.hides_the_rest && wanted.iter().any(|name| name.contains(";range=")) {
            return (Vec::new(), Verdict::good());
        }
        if base == DOMAIN && scope == 0 {
            let owner = self
                .emulator
                .map(|name| text("fSMORoleOwner", &format!("CN=NTDS Settings,CN={name},{SITE}")));
            return (vec![(base.to_owned(), owner.into_iter().collect())], Verdict::good());
        }
        if let Some(name) = base.strip_suffix(SITE).and_then(|rest| rest.strip_prefix("CN=")) {
            let name = text("dNSHostName", &full_name(name.trim_end_matches(',')));
            return (vec![(base.to_owned(), vec![name])], Verdict::good());
        }
        let inside: Vec<&Object> = match (scope, self.find(base)) {
            (0, Some(object)) => vec![object],
            (0, None) => return (Vec::new(), no_such_object()),
            _ => self.objects.iter().collect(),
        };
        let found = inside.into_iter().filter(|object| object.passes(filter));
        let found = found.map(|object| (object.shown(wanted, scope), object));
        let found = found.map(|(shown, object)| match self.told_until {
            Some(until) => in_parts(shown, object, wanted, until),
            None => shown,
        });
        (found.collect(), Verdict::good())
    }

    /// All changes of a request take effect, or none.
    pub fn modify(&mut self, name: &str, changes: &[Change]) -> Verdict {
        let Some(at) = self.objects.iter().position(|object| object.is_named(name)) else {
            return no_such_object();
        };
        if let [change] = changes
            && change.attribute == "member"
        {
            return self.change_member(at, change);
        }
        let mut changed = self.objects[at].clone();
        for change in changes {
            if let Err(verdict) = changed.apply(change) {
                return verdict;
            }
        }
        changed.work_out();
        if changed != self.objects[at] {
            self.objects[at] = changed;
            self.changes += 1;
        }
        Verdict::good()
    }

    /// Membership stands on the group, and is shown on the member.
    fn change_member(&mut self, group: usize, change: &Change) -> Verdict {
        let group = self.objects[group].dn.clone().into_bytes();
        let name = String::from_utf8_lossy(&change.values[0]).into_owned();
        let Some(member) = self.objects.iter_mut().find(|object| object.is_named(&name)) else {
            return Verdict::new(
                32,
                "00000525: NameErr: DSID-031A11FE, problem 2001 (NO_OBJECT), data 0\n\0",
            );
        };
        let groups = member.attributes.entry("memberof".into()).or_default();
        match (change.kind, groups.contains(&group)) {
            (0, true) => {
                return Verdict::new(
                    68,
                    "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0\n\0",
                );
            }
            (1, false) => {
                return Verdict::new(
                    53,
                    "00000561: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0\n\0",
                );
            }
            (0, false) => groups.push(group),
            _ => groups.retain(|own| *own != group),
        }
        self.changes += 1;
        Verdict::good()
    }

    fn find(&self, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.is_named(name))
    }

    /// What this controller says of itself.
    pub fn root(&self, host: &str) -> Vec<(String, Vec<Vec<u8>>)> {
        let mut capabilities = vec![b"1.2.840.113556.1.4.800".to_vec()];
        if self.read_only {
            capabilities.push(b"1.2.840.113556.1.4.1920".to_vec());
        }
        vec![
            text("dnsHostName", &full_name(host)),
            text("defaultNamingContext", self.named.unwrap_or(DOMAIN)),
            text("configurationNamingContext", "CN=Configuration,DC=corp,DC=example"),
            ("supportedCapabilities".to_owned(), capabilities),
            ("tokenGroups".to_owned(), vec![sid(1103), sid(513)]),
        ]
    }
}

impl Object {
    pub fn text(&self, attribute: &str) -> String {
        self.attributes
            .get(attribute)
            .map(|values| String::from_utf8_lossy(&values[0]).into_owned())
            .unwrap_or_default()
    }

    pub fn set(&mut self, attribute: &str, value: &str) {
        self.attributes.insert(attribute.to_owned(), vec![value.as_bytes().to_vec()]);
        self.work_out();
    }

    fn is_named(&self, name: &str) -> bool {
        match name.strip_prefix("<GUID=").and_then(|rest| rest.strip_suffix('>')) {
            Some(guid) => guid
                .parse::<Uuid>()
                .is_ok_and(|guid| self.attributes["objectguid"][0] == guid_to_ad_bytes(guid)),
            None => self.dn.eq_ignore_ascii_case(name),
        }
    }

    fn passes(&self, filter: &Filter) -> bool {
        match filter {
            Filter::All(filters) => filters.iter().all(|filter| self.passes(filter)),
            Filter::Any(filters) => filters.iter().any(|filter| self.passes(filter)),
            Filter::Not(filter) => !self.passes(filter),
            Filter::Present(attribute) => self.attributes.contains_key(attribute),
            Filter::Equal(attribute, value) => self
                .attributes
                .get(attribute)
                .is_some_and(|values| values.iter().any(|own| own.eq_ignore_ascii_case(value))),
        }
    }

    /// Token groups are worked out for one object only, as Windows does.
    fn shown(&self, wanted: &[String], scope: i64) -> Found {
        let shown = |name: &String| wanted.contains(name) && (name != "tokengroups" || scope == 0);
        let attributes = self.attributes.iter().filter(|(name, _)| shown(name));
        (self.dn.clone(), attributes.map(|(name, values)| (name.clone(), values.clone())).collect())
    }

    fn apply(&mut self, change: &Change) -> Result<(), Verdict> {
        if change.attribute == "unicodepwd" {
            // Kept nowhere; what shows is the time.
            let next = self.text("pwdlastset").parse::<i64>().unwrap_or(0) + 1;
            self.attributes.insert("pwdlastset".into(), vec![next.to_string().into_bytes()]);
            return Ok(());
        }
        let values = self.attributes.entry(change.attribute.clone()).or_default();
        match change.kind {
            0 if values.iter().any(|value| change.values.contains(value)) => Err(Verdict::new(
                20,
                "00002083: AtrErr: DSID-03190F80, #1:\n\t0: problem 1006 (ATT_OR_VALUE_EXISTS), data 0\n\0",
            )),
            0 => {
                values.extend(change.values.iter().cloned());
                Ok(())
            }
            1 if !change.values.iter().all(|value| values.contains(value)) => Err(stale()),
            1 => {
                values.retain(|value| !change.values.contains(value));
                Ok(())
            }
            _ => {
                *values = change.values.clone();
                Ok(())
            }
        }
    }

    /// What a controller works out of the rest.
    fn work_out(&mut self) {
        if self.text("pwdlastset") == "-1" {
            self.attributes.insert("pwdlastset".into(), vec![ALREADY_SET.to_vec()]);
        }
        let control: u32 = self.text("useraccountcontrol").parse().unwrap_or(0);
        let locked = !matches!(self.text("lockouttime").as_str(), "" | "0");
        let expired = self.text("pwdlastset") == "0" && control & 0x5_0000 == 0;
        let computed = u32::from(locked) * 0x10 + u32::from(expired) * 0x80_0000;
        let value = vec![computed.to_string().into_bytes()];
        self.attributes.insert("msds-user-account-control-computed".into(), value);
    }
}

/// The groups of somebody, one at a time: `memberOf;range=0-0`. What comes after the last one that is told is not there.
fn in_parts((name, mut attributes): Found, object: &Object, wanted: &[String], until: usize) -> Found {
    let all = object.attributes.get("memberof").cloned().unwrap_or_default();
    let asked = wanted.iter().find_map(|name| name.strip_prefix("memberof;range=")?.strip_suffix("-*"));
    let at: usize = asked.map_or(0, |at| at.parse().unwrap());
    attributes.retain(|(name, _)| name != "memberof");
    if at < until && at < all.len() {
        let end = if at + 1 == all.len() { "*".to_owned() } else { at.to_string() };
        attributes.push((format!("memberOf;range={at}-{end}"), vec![all[at].clone()]));
    }
    (name, attributes)
}

fn partitions() -> Vec<Found> {
    let one = |short: &str, dns: &str, name: &str| {
        let about = vec![text("nETBIOSName", short), text("dnsRoot", dns), text("nCName", name)];
        (format!("CN={short},CN=Partitions,CN=Configuration,DC=corp,DC=example"), about)
    };
    vec![one("CORP", "corp.example", DOMAIN), one("EMEA", "emea.corp.example", "DC=emea,DC=corp,DC=example")]
}

/// What a controller is called. One that is to be known by its address has to be reached by it.
fn full_name(host: &str) -> String {
    match host {
        "localhost" => host.to_owned(),
        _ => format!("{host}.corp.example"),
    }
}

fn text(name: &str, value: &str) -> (String, Vec<Vec<u8>>) {
    (name.to_owned(), vec![value.as_bytes().to_vec()])
}

fn no_such_object() -> Verdict {
    Verdict::new(32, "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\0")
}

pub fn stale() -> Verdict {
    Verdict::new(
        16,
        "00002085: AtrErr: DSID-03190F7F, #1:\n\t0: 00002085: DSID-03190F7F, problem 1001 (NO_ATTRIBUTE_OR_VAL), \
         data 0, Att 90008 (userAccountControl)\n\0",
    )
}

pub fn denied() -> Verdict {
    Verdict::new(50, "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\0")
}

pub fn refused_sign_in(data: &str) -> Verdict {
    Verdict::new(
        49,
        &format!(
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {data}, v3839\0"
        ),
    )
}
