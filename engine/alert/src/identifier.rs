//! How the names of accounts are recognised, normalised, written and read back.

use std::fmt;
use std::str::FromStr;

use crate::distinguished_name::DistinguishedName;
use crate::encoding::{Sid, parse_guid};
use crate::error::IdentifierError;
use crate::folding::{clean, fold};
use crate::identity::Identifier;

/// What the field that held a text says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// The field says nothing: the form alone must tell.
    Any,
    /// A security identifier.
    Sid,
    /// An Active Directory object GUID.
    AdGuid,
    /// An Entra object id.
    EntraId,
    /// An Okta user id.
    OktaId,
    /// A source anchor.
    ImmutableId,
    /// A user principal name.
    Upn,
    /// An Okta login.
    Login,
    /// A down-level name.
    Sam,
    /// A distinguished name.
    Dn,
    /// A mail address.
    Mail,
    /// A bare name.
    Name,
}

/// The kinds, as they stand in front of a written identifier, for messages.
const KINDS: &str = "sid, ad_guid, entra_id, okta_id, immutable_id, upn, login, sam, dn, mail, name";

/// Domains that stand for "this computer" or for the system, in front of a backslash.
const NOT_A_DOMAIN: [&str; 12] = [
    ".",
    "nt authority",
    "nt service",
    "builtin",
    "window manager",
    "font driver host",
    "iis apppool",
    "nt virtual machine",
    "azuread",
    "workgroup",
    "autorite nt",
    "nt-autorit\u{e4}t",
];

impl Identifier {
    /// Recognises a text by its form and by what its field says: SID, GUID, Okta id, `DOMAIN\name`, distinguished
    /// name, `a@b`, bare name, in this order. A GUID without a telling field is refused as ambiguous.
    pub fn recognise(text: &str, hint: Hint) -> Result<Self, IdentifierError> {
        match hint {
            Hint::Sid => Self::sid(text),
            Hint::AdGuid => Self::ad_guid(text),
            Hint::EntraId => Self::entra_id(text),
            Hint::OktaId => Self::okta_id(text),
            Hint::ImmutableId => Self::immutable_id(text),
            Hint::Sam => Self::down_level(text),
            Hint::Dn => Self::dn(text),
            Hint::Mail => Self::mail(text),
            Hint::Any | Hint::Upn | Hint::Login | Hint::Name => by_form(text, hint),
        }
    }

    /// A security identifier.
    pub fn sid(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::Sid(clean(text)?.parse::<Sid>()?.to_string()))
    }

    /// An Active Directory object GUID, in any spelling.
    pub fn ad_guid(text: &str) -> Result<Self, IdentifierError> {
        guid(text, "Active Directory object GUID").map(Self::AdGuid)
    }

    /// An Entra object id, in any spelling.
    pub fn entra_id(text: &str) -> Result<Self, IdentifierError> {
        guid(text, "Entra ID object id").map(Self::EntraId)
    }

    /// An Okta user id: 20 characters that begin with `00u`. Its case is kept.
    pub fn okta_id(text: &str) -> Result<Self, IdentifierError> {
        let text = clean(text)?;
        if is_okta_id(&text) {
            return Ok(Self::OktaId(text));
        }
        Err(IdentifierError::NotA { form: "Okta user id (00u and 17 letters or digits)", text })
    }

    /// A source anchor. Its case is kept, whatever it looks like.
    pub fn immutable_id(text: &str) -> Result<Self, IdentifierError> {
        clean(text).map(Self::ImmutableId)
    }

    /// A user principal name.
    pub fn upn(text: &str) -> Result<Self, IdentifierError> {
        address(text, "user principal name (name@domain)").map(Self::Upn)
    }

    /// An Okta login: any text.
    pub fn login(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::Login(fold(&clean(text)?)))
    }

    /// A down-level name from its two halves. The domain may be NetBIOS or DNS.
    pub fn sam(domain: &str, name: &str) -> Result<Self, IdentifierError> {
        let (domain, name) = (fold(&clean(domain)?), fold(&clean(name)?));
        let text = || format!("{domain}\\{name}");
        if is_not_a_domain(&domain) {
            let form = "name in a domain: the part before the backslash is a computer or the system";
            return Err(IdentifierError::NotA { form, text: text() });
        }
        if domain.contains(['\\', '@', '/']) || name.contains(['\\', '@', '/']) {
            return Err(IdentifierError::NotA { form: "down-level name (DOMAIN\\name)", text: text() });
        }
        Ok(Self::Sam { domain, name })
    }

    /// A distinguished name.
    pub fn dn(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::Dn(clean(text)?.parse::<DistinguishedName>()?.to_string()))
    }

    /// A mail address.
    pub fn mail(text: &str) -> Result<Self, IdentifierError> {
        address(text, "mail address (name@domain)").map(Self::Mail)
    }

    /// A bare name.
    pub fn bare_name(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::Name(fold(&clean(text)?)))
    }

    /// What kind it is, as it stands in front of a written identifier.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sid(_) => "sid",
            Self::AdGuid(_) => "ad_guid",
            Self::EntraId(_) => "entra_id",
            Self::OktaId(_) => "okta_id",
            Self::ImmutableId(_) => "immutable_id",
            Self::Upn(_) => "upn",
            Self::Login(_) => "login",
            Self::Sam { .. } => "sam",
            Self::Dn(_) => "dn",
            Self::Mail(_) => "mail",
            Self::Name(_) => "name",
        }
    }

    /// Whether it names one account by itself. Mail addresses and bare names do not: nobody is acted on by them.
    pub fn is_strong(&self) -> bool {
        !matches!(self, Self::Mail(_) | Self::Name(_))
    }

    /// Whether it stays with its account for life; names are given to somebody else one day.
    pub fn is_immutable(&self) -> bool {
        matches!(
            self,
            Self::Sid(_) | Self::AdGuid(_) | Self::EntraId(_) | Self::OktaId(_) | Self::ImmutableId(_)
        )
    }

    /// The SID, taken apart, where this is one.
    pub fn as_sid(&self) -> Option<Sid> {
        match self {
            Self::Sid(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether two identifiers cannot belong to one account: both of one lasting kind, and different.
    pub fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            // One account has a SID of its domain and another one that Entra ID derived.
            (Self::Sid(a), Self::Sid(b)) => a != b && is_entra_sid(a) == is_entra_sid(b),
            (Self::AdGuid(a), Self::AdGuid(b))
            | (Self::EntraId(a), Self::EntraId(b))
            | (Self::OktaId(a), Self::OktaId(b))
            | (Self::ImmutableId(a), Self::ImmutableId(b)) => a != b,
            _ => false,
        }
    }

    /// Reads `DOMAIN\name`.
    fn down_level(text: &str) -> Result<Self, IdentifierError> {
        match text.split_once('\\') {
            Some((domain, name)) => Self::sam(domain, name),
            None => {
                Err(IdentifierError::NotA { form: "down-level name (DOMAIN\\name)", text: text.to_owned() })
            }
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind())?;
        match self {
            Self::Sid(text)
            | Self::AdGuid(text)
            | Self::EntraId(text)
            | Self::OktaId(text)
            | Self::ImmutableId(text)
            | Self::Upn(text)
            | Self::Login(text)
            | Self::Dn(text)
            | Self::Mail(text)
            | Self::Name(text) => f.write_str(text),
            Self::Sam { domain, name } => write!(f, "{domain}\\{name}"),
        }
    }
}

/// Reads the form that `Display` writes: `sid:S-1-…`, `upn:…`, `sam:corp\alice`.
impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |prefix: &str| IdentifierError::UnknownKind { prefix: prefix.to_owned(), known: KINDS };
        let (kind, rest) = text.split_once(':').ok_or_else(|| unknown(text))?;
        match kind.trim() {
            "sid" => Self::sid(rest),
            "ad_guid" | "guid" => Self::ad_guid(rest),
            "entra_id" | "entra" => Self::entra_id(rest),
            "okta_id" | "okta" => Self::okta_id(rest),
            "immutable_id" => Self::immutable_id(rest),
            "upn" => Self::upn(rest),
            "login" => Self::login(rest),
            "sam" => Self::down_level(rest),
            "dn" => Self::dn(rest),
            "mail" => Self::mail(rest),
            "name" => Self::bare_name(rest),
            other => Err(unknown(other)),
        }
    }
}

/// Whether a name in front of a backslash stands for the computer itself or for the system.
pub(crate) fn is_not_a_domain(folded: &str) -> bool {
    NOT_A_DOMAIN.contains(&folded)
}

fn by_form(text: &str, hint: Hint) -> Result<Identifier, IdentifierError> {
    let text = clean(text)?;
    if hint == Hint::Login {
        return Identifier::login(&text);
    }
    if let Ok(sid) = text.parse::<Sid>() {
        return Ok(Identifier::Sid(sid.to_string()));
    }
    if parse_guid(&text).is_some() {
        return Err(IdentifierError::AmbiguousGuid { text });
    }
    if is_okta_id(&text) {
        return Ok(Identifier::OktaId(text));
    }
    if text.matches('\\').count() == 1 && !text.contains('=') {
        return Identifier::down_level(&text);
    }
    if is_distinguished(&text) {
        return Identifier::dn(&text);
    }
    if hint == Hint::Upn || text.contains('@') {
        return Identifier::upn(&text);
    }
    Identifier::bare_name(&text)
}

fn guid(text: &str, form: &'static str) -> Result<String, IdentifierError> {
    let text = clean(text)?;
    match parse_guid(&text) {
        Some(guid) if !guid.is_nil() => Ok(guid.to_string()),
        _ => Err(IdentifierError::NotA { form, text }),
    }
}

/// Exactly one `@` between two texts without blanks at the seam.
fn address(text: &str, form: &'static str) -> Result<String, IdentifierError> {
    let text = fold(&clean(text)?);
    let parts: Vec<&str> = text.split('@').collect();
    let good = matches!(parts.as_slice(), [name, domain] if !name.is_empty() && !domain.is_empty()
        && !domain.contains([' ', '\\', '/']) && !name.contains('\\'));
    if good { Ok(text) } else { Err(IdentifierError::NotA { form, text }) }
}

fn is_okta_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("00u") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_distinguished(text: &str) -> bool {
    text.contains('=') && text.contains(',') && text.to_ascii_lowercase().contains("dc=")
}

fn is_entra_sid(text: &str) -> bool {
    text.starts_with("S-1-12-1-")
}

#[cfg(test)]
mod tests;
