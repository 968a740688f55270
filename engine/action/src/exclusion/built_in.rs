//! Who is protected without any entry, by what the names themselves show. Directories report the rest.

use quell_alert::{Identifier, Sid};

use super::names::texts;
use crate::{IdentityFacts, Protected};

/// The protections of any linked account, as the directories reported them and as the names show.
pub(super) fn of_identity(identity: &IdentityFacts) -> Vec<Protected> {
    let reported = identity.accounts.iter().filter_map(|account| account.protected);
    let names =
        || identity.accounts.iter().flat_map(|account| &account.identifiers).chain(&identity.mentioned);
    reported.chain(names().filter_map(by_sid)).chain(names().filter_map(by_name)).collect()
}

fn by_sid(name: &Identifier) -> Option<Protected> {
    let Identifier::Sid(text) = name else { return None };
    let Ok(sid) = text.parse::<Sid>() else { return Some(Protected::System) };
    match sid.rid() {
        _ if sid.is_entra() => None,
        // SYSTEM, the services, application pools, virtual machines: nobody's account.
        _ if !sid.is_issued() => Some(Protected::System),
        Some(500) => Some(Protected::BuiltInAdministrator),
        Some(501) => Some(Protected::BuiltInGuest),
        Some(502) => Some(Protected::Krbtgt),
        _ => None,
    }
}

/// `krbtgt`, and `krbtgt_12345` of a read-only domain controller, whose RID is an ordinary one.
fn by_name(name: &Identifier) -> Option<Protected> {
    texts(name).iter().any(|text| is_krbtgt(text)).then_some(Protected::Krbtgt)
}

fn is_krbtgt(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("krbtgt") else { return false };
    let number = rest.strip_prefix('_').unwrap_or(rest);
    rest.is_empty() || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_that_are_nobodys_are_protected_by_their_form() {
        let of = |sid: &str| by_sid(&Identifier::Sid(sid.into()));
        for (sid, expected) in [
            ("S-1-5-18", Some(Protected::System)),
            ("S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", Some(Protected::System)),
            ("S-1-5-82-271721585-897601226-2024613209-625570482-296978595", Some(Protected::System)),
            ("S-1-5-32-544", Some(Protected::System)),
            ("S-1-5-21-1-2-3-500", Some(Protected::BuiltInAdministrator)),
            ("S-1-5-21-1-2-3-501", Some(Protected::BuiltInGuest)),
            ("S-1-5-21-1-2-3-502", Some(Protected::Krbtgt)),
            ("S-1-5-21-1-2-3-1104", None),
            ("S-1-5-21-1-2-3-1500", None),
            ("S-1-12-1-1-2-3-500", None),
            ("not a sid", Some(Protected::System)),
        ] {
            assert_eq!(of(sid), expected, "{sid}");
        }
    }

    #[test]
    fn the_key_distribution_account_has_many_names() {
        for (name, expected) in [
            ("krbtgt", true),
            ("krbtgt_12345", true),
            ("KRBTGT_1", true),
            ("krbtgt_", false),
            ("krbtgt_admin", false),
            ("krbtgt2", true),
            ("xkrbtgt", false),
        ] {
            let found = by_name(&Identifier::Sam { domain: "contoso".into(), name: name.into() });
            assert_eq!(found.is_some(), expected, "{name}");
        }
    }
}
