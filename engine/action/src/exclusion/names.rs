//! When two names count as one. Wider than equality on purpose: a wrong hit only means not acting.
//!
//! An address is the same name whether a directory calls it UPN, login or mail. A GUID is the same whether the list
//! calls it an Active Directory or an Entra ID one, a source anchor holds one, and so does the SID that Entra ID
//! derives. Case and accents never count: Okta logins and Active Directory ignore both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_alert::{Identifier, Sid, guid_of_immutable_id, parse_guid};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A name in the form in which names are compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Alias {
    /// `alice@contoso.example`, or any other login.
    Address(String),
    /// A bare account name on the list: stands for that name in every domain.
    Bare(String),
    /// An object GUID or object id.
    Guid(String),
    /// A SID.
    Sid(String),
    /// An Okta id. Its case counts.
    Okta(String),
    /// A source anchor. Its case counts.
    Anchor(String),
    /// A distinguished name.
    Dn(String),
}

/// Under what an entry with this name stands in the index. Down-level names stand there by [`Place`] as well.
pub(super) fn written(name: &Identifier) -> Vec<Alias> {
    match name {
        Identifier::Upn(text) | Identifier::Login(text) | Identifier::Mail(text) => {
            vec![Alias::Address(plain(text))]
        }
        Identifier::Name(text) => vec![Alias::Bare(plain(text))],
        // Whoever has no UPN signs in as name@dns-domain.
        Identifier::Sam { domain, name } if is_dns(domain) => {
            vec![Alias::Address(plain(&format!("{name}@{domain}")))]
        }
        Identifier::Sam { .. } => Vec::new(),
        Identifier::AdGuid(text) | Identifier::EntraId(text) => vec![Alias::Guid(guid(text))],
        Identifier::Sid(text) => by_sid(text),
        Identifier::OktaId(text) => vec![Alias::Okta(text.clone())],
        Identifier::ImmutableId(text) => by_anchor(text),
        Identifier::Dn(text) => vec![Alias::Dn(plain(text))],
    }
}

/// Every way in which an entry may have written this name of somebody.
pub(super) fn known_as(name: &Identifier) -> Vec<Alias> {
    let mut aliases = written(name);
    match name {
        Identifier::Sam { name, .. } => aliases.push(Alias::Bare(plain(name))),
        Identifier::Upn(text) | Identifier::Login(text) | Identifier::Mail(text) => {
            aliases.push(Alias::Bare(plain(local_part(text))));
            aliases.extend(home_of_guest(text).map(Alias::Address));
        }
        _ => {}
    }
    aliases
}

/// The texts of a name against which patterns are held: the whole, and the part before the `@`.
pub(super) fn texts(name: &Identifier) -> Vec<String> {
    match name {
        Identifier::Upn(text) | Identifier::Login(text) | Identifier::Mail(text) => {
            vec![plain(text), plain(local_part(text))]
        }
        Identifier::Name(text) | Identifier::Sam { name: text, .. } => vec![plain(text)],
        _ => Vec::new(),
    }
}

/// A distinguished name and all those above it, innermost first.
pub(super) fn and_above(dn: &str) -> Vec<String> {
    let dn = plain(dn);
    let mut all = vec![dn.clone()];
    let mut escaped = false;
    for (at, letter) in dn.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => all.push(dn[at + 1..].to_owned()),
            _ => {}
        }
    }
    all
}

/// Where a down-level or DNS name says that it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// A NetBIOS domain.
    NetBios(String),
    /// A DNS domain.
    Dns(String),
    /// It does not say.
    Anywhere,
}

impl Place {
    pub(super) fn of(domain: &str) -> Self {
        let domain = plain(domain);
        if is_dns(&domain) { Self::Dns(domain) } else { Self::NetBios(domain) }
    }

    /// Whether an entry for this place means somebody who is known to be at these. A NetBIOS and a DNS name cannot be
    /// compared: where only the other kind is known, it may be the same place, and that is enough.
    pub(super) fn may_be_one_of(&self, known: &[Place]) -> bool {
        let mut of_this_kind = known.iter().filter(|place| place.kind() == self.kind()).peekable();
        *self == Self::Anywhere || of_this_kind.peek().is_none() || of_this_kind.any(|place| place == self)
    }

    fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }
}

/// A text without case and accents.
pub(super) fn plain(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.to_lowercase().nfd().filter(|letter| !is_combining_mark(*letter)).map(base_letter).collect()
}

/// Whether a text fits a pattern in which `*` stands for any text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Letters whose two cases do not lead back to each other.
fn base_letter(letter: char) -> char {
    match letter {
        'ς' => 'σ',
        'ı' => 'i',
        other => other,
    }
}

fn is_dns(domain: &str) -> bool {
    domain.contains('.')
}

fn local_part(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(local, _)| local)
}

/// A guest's UPN holds the name at home: `alice_partner.example#EXT#@tenant.example`.
fn home_of_guest(upn: &str) -> Option<String> {
    let upn = plain(upn);
    let (name, domain) = upn.split_once("#ext#@")?.0.rsplit_once('_')?;
    Some(format!("{name}@{domain}"))
}

fn guid(text: &str) -> String {
    parse_guid(text).map_or_else(|| plain(text), |guid| guid.to_string())
}

fn by_sid(text: &str) -> Vec<Alias> {
    let object_id = text.parse::<Sid>().ok().and_then(|sid| sid.entra_object_id());
    let as_guid = object_id.map(|id| Alias::Guid(id.to_string()));
    std::iter::once(Alias::Sid(text.to_ascii_uppercase())).chain(as_guid).collect()
}

/// A source anchor usually is the object GUID in base64, seldom another text.
fn by_anchor(text: &str) -> Vec<Alias> {
    let as_guid = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 16);
    let as_guid = as_guid.and_then(|_| guid_of_immutable_id(text)).map(|guid| Alias::Guid(guid.to_string()));
    std::iter::once(Alias::Anchor(text.to_owned())).chain(as_guid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("svc-*", "svc-backup", true),
            ("svc-*", "alice", false),
            ("*admin*", "the-admin-of-all", true),
            ("a*a", "a", false),
            ("alice", "alice", true),
            ("alice", "alice2", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn a_subtree_ends_at_a_boundary_that_is_none_of_a_value() {
        let above = |dn: &str, subtree: &str| and_above(dn).contains(&subtree.to_owned());
        assert!(above("cn=a,ou=vip,dc=x", "ou=vip,dc=x"));
        assert!(above("ou=vip,dc=x", "ou=vip,dc=x"));
        assert!(above("CN=A,OU=VIP,DC=x", "ou=vip,dc=x"));
        assert!(!above("cn=a,ou=notvip,dc=x", "ou=vip,dc=x"));
        assert!(!above(r"cn=a\,ou=vip,dc=x", "ou=vip,dc=x"), "the comma belongs to the name");
        assert!(above(r"cn=a\\,ou=vip,dc=x", "ou=vip,dc=x"), "the backslash does, the comma does not");
    }

    #[test]
    fn case_and_accents_do_not_count() {
        for (one, other) in [
            ("JOSÉ@x.example", "jose@X.example"),
            ("re\u{301}my", "rémy"),
            ("ΟΔΟΣ", "οδοσ"),
            ("İstanbul", "istanbul"),
            (" Alice ", "alice"),
        ] {
            assert_eq!(plain(one), plain(other));
        }
        assert_ne!(plain("alice"), plain("alise"));
    }

    #[test]
    fn places_are_compared_with_their_own_kind() {
        let contoso = Place::of("CONTOSO");
        assert!(contoso.may_be_one_of(&[Place::of("contoso"), Place::of("contoso.example")]));
        assert!(!contoso.may_be_one_of(&[Place::of("fabrikam")]));
        assert!(contoso.may_be_one_of(&[Place::of("ad.contoso.example")]), "it may be that one");
        assert!(contoso.may_be_one_of(&[]));
        assert!(Place::Anywhere.may_be_one_of(&[Place::of("fabrikam")]));
    }

    #[test]
    fn one_guid_in_all_its_forms() {
        let guid = "73d664e4-0886-4a73-b745-c694da45ddb4";
        let sid = Identifier::Sid("S-1-12-1-1943430372-1249052806-2496021943-3034400218".into());
        let expected = Alias::Guid(guid.into());
        assert!(known_as(&sid).contains(&expected));
        assert!(known_as(&Identifier::EntraId(guid.into())).contains(&expected));
        let ad = "265a9d10-0394-4447-a726-a5c6f62b4aa5";
        let anchor = Identifier::ImmutableId("EJ1aJpQDR0SnJqXG9itKpQ==".into());
        assert!(known_as(&anchor).contains(&Alias::Guid(ad.into())));
    }

    #[test]
    fn a_guest_is_known_by_the_name_at_home() {
        let guest = Identifier::Upn("bob_smith_partner.example#ext#@contoso.example".into());
        assert!(known_as(&guest).contains(&Alias::Address("bob_smith@partner.example".into())));
    }
}
