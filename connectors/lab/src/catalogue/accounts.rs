//! What can be done to accounts, persona by persona. The rights are those of the systems that the personas stand for.

use quell_action::{ActionSpec, Impact};
use quell_alert::Provider;

use super::{BASE, Row, SETS, Takes};
use crate::deed::{Deed, Sets, Wanted};

const AD: &str = Provider::ACTIVE_DIRECTORY;
const ENTRA: &str = Provider::ENTRA_ID;
const OKTA: &str = Provider::OKTA;

/// An Okta user changes state: nothing is left to do in `also_done`, and it is possible only from `only_from`.
const fn okta_state(to: &'static [(&'static str, Wanted)], sets: Sets) -> Deed {
    Deed::Sets(Sets { values: to, ..sets })
}

pub(crate) const ROWS: &[Row] = &[
    // Active Directory.
    Row {
        spec: ActionSpec {
            name: "account.disable",
            provider: AD,
            undo: Some("account.enable"),
            permissions: &["Write userAccountControl"],
            summary: "Disables the account: nobody can sign in with it.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(false))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.enable",
            provider: AD,
            impact: Impact::Restoring,
            undo: Some("account.disable"),
            permissions: &["Write userAccountControl"],
            summary: "Enables the account.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(true))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.force_password_change",
            provider: AD,
            undo: Some("account.force_password_change"),
            permissions: &["Write pwdLastSet"],
            summary: "Makes the person choose a new password at the next sign-in.",
            ..BASE
        },
        takes: Takes::PasswordFlags,
        deed: Deed::Sets(Sets {
            values: &[
                ("must_change_password", Wanted::Flag(true)),
                ("password_never_expires", Wanted::ClearedBy("clear_password_never_expires")),
            ],
            idle_while: Some((
                "password_never_expires",
                "the password never expires, and while that stands nobody is asked for a new one; \
                 clear_password_never_expires takes it away",
            )),
            ..SETS
        }),
    },
    Row {
        spec: ActionSpec {
            name: "account.reset_password",
            provider: AD,
            readable: false,
            permissions: &["Reset Password"],
            summary: "Sets a random password that nobody knows.",
            ..BASE
        },
        takes: Takes::Services,
        deed: Deed::HappensUnlessServices("password"),
    },
    Row {
        spec: ActionSpec {
            name: "account.unlock",
            provider: AD,
            impact: Impact::Restoring,
            permissions: &["Write lockoutTime"],
            summary: "Unlocks an account that too many wrong passwords have locked.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("locked", Wanted::Flag(false))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.add_to_group",
            provider: AD,
            undo: Some("account.remove_from_group"),
            permissions: &["Write member"],
            summary: "Puts the account into a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(true),
    },
    Row {
        spec: ActionSpec {
            name: "account.remove_from_group",
            provider: AD,
            undo: Some("account.add_to_group"),
            permissions: &["Write member"],
            summary: "Takes the account out of a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(false),
    },
    // Entra ID.
    Row {
        spec: ActionSpec {
            name: "account.disable",
            provider: ENTRA,
            undo: Some("account.enable"),
            permissions: &["User.EnableDisableAccount.All", "User.Read.All"],
            summary: "Blocks new sign-ins; tokens that were issued already live on for a while.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(false))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.enable",
            provider: ENTRA,
            impact: Impact::Restoring,
            undo: Some("account.disable"),
            permissions: &["User.EnableDisableAccount.All", "User.Read.All"],
            summary: "Allows sign-ins again.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(true))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.revoke_sessions",
            provider: ENTRA,
            readable: false,
            permissions: &["User.RevokeSessions.All"],
            summary: "Ends all sessions: every refresh token issued before is worth nothing.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Happens("sessions"),
    },
    Row {
        spec: ActionSpec {
            name: "account.require_sign_in",
            provider: ENTRA,
            readable: false,
            permissions: &["User.RevokeSessions.All"],
            summary: "Makes the person sign in again everywhere.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Happens("sign_in"),
    },
    Row {
        spec: ActionSpec {
            name: "account.mark_compromised",
            provider: ENTRA,
            undo: Some("account.dismiss_risk"),
            permissions: &["IdentityRiskyUser.ReadWrite.All"],
            summary: "Confirms the user as compromised, at high risk.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("risk", Wanted::Word("confirmed_compromised"))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.dismiss_risk",
            provider: ENTRA,
            impact: Impact::Restoring,
            undo: Some("account.mark_compromised"),
            permissions: &["IdentityRiskyUser.ReadWrite.All"],
            summary: "Dismisses the risk of the user.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets {
            values: &[("risk", Wanted::Word("dismissed"))],
            also_done: &["none"],
            ..SETS
        }),
    },
    Row {
        spec: ActionSpec {
            name: "account.force_password_change",
            provider: ENTRA,
            undo: Some("account.force_password_change"),
            permissions: &["User-PasswordProfile.ReadWrite.All"],
            summary: "Makes the person choose a new password at the next sign-in.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("must_change_password", Wanted::Flag(true))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.reset_password",
            provider: ENTRA,
            readable: false,
            permissions: &["User-PasswordProfile.ReadWrite.All"],
            summary: "Sets a random password that nobody knows.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Happens("password"),
    },
    Row {
        spec: ActionSpec {
            name: "account.add_to_group",
            provider: ENTRA,
            undo: Some("account.remove_from_group"),
            permissions: &["GroupMember.ReadWrite.All"],
            summary: "Puts the account into a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(true),
    },
    Row {
        spec: ActionSpec {
            name: "account.remove_from_group",
            provider: ENTRA,
            undo: Some("account.add_to_group"),
            permissions: &["GroupMember.ReadWrite.All"],
            summary: "Takes the account out of a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(false),
    },
    // Okta. A user is in one state, and not every state leads to every other.
    Row {
        spec: ActionSpec {
            name: "account.disable",
            provider: OKTA,
            undo: Some("account.enable"),
            permissions: &["okta.users.manage"],
            summary: "Suspends an active user: nobody can sign in, and everything else stays as it is.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(
            &[("status", Wanted::Word("SUSPENDED"))],
            Sets { also_done: &["DEPROVISIONED"], only_from: &["ACTIVE"], ..SETS },
        ),
    },
    Row {
        spec: ActionSpec {
            name: "account.enable",
            provider: OKTA,
            impact: Impact::Restoring,
            undo: Some("account.disable"),
            permissions: &["okta.users.manage"],
            summary: "Takes a suspension back.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(&[("status", Wanted::Word("ACTIVE"))], Sets { only_from: &["SUSPENDED"], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.revoke_sessions",
            provider: OKTA,
            readable: false,
            permissions: &["okta.users.manage"],
            summary: "Ends all sessions and revokes all tokens of the user.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: Deed::Happens("sessions"),
    },
    Row {
        spec: ActionSpec {
            name: "account.force_password_change",
            provider: OKTA,
            permissions: &["okta.users.manage"],
            summary: "Expires the password: the person chooses a new one at the next sign-in.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(
            &[("status", Wanted::Word("PASSWORD_EXPIRED"))],
            Sets { only_from: &["ACTIVE"], ..SETS },
        ),
    },
    Row {
        spec: ActionSpec {
            name: "account.reset_password",
            provider: OKTA,
            permissions: &["okta.users.manage"],
            summary: "Takes the password away: the person sets a new one by way of recovery.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(
            &[("status", Wanted::Word("RECOVERY"))],
            Sets { only_from: &["ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT"], ..SETS },
        ),
    },
    Row {
        spec: ActionSpec {
            name: "account.unlock",
            provider: OKTA,
            impact: Impact::Restoring,
            permissions: &["okta.users.manage"],
            summary: "Unlocks a user whom too many wrong passwords have locked out.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(&[("status", Wanted::Word("ACTIVE"))], Sets { only_from: &["LOCKED_OUT"], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.deactivate",
            provider: OKTA,
            permissions: &["okta.users.manage"],
            summary: "Deactivates the user for good: application assignments are lost.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(&[("status", Wanted::Word("DEPROVISIONED"))], SETS),
    },
    Row {
        spec: ActionSpec {
            name: "account.activate",
            provider: OKTA,
            impact: Impact::Restoring,
            permissions: &["okta.users.manage"],
            summary: "Activates a user anew; what deactivation took away does not come back.",
            ..BASE
        },
        takes: Takes::Nothing,
        deed: okta_state(
            &[("status", Wanted::Word("ACTIVE"))],
            Sets { only_from: &["STAGED", "DEPROVISIONED"], ..SETS },
        ),
    },
    Row {
        spec: ActionSpec {
            name: "account.set_risk",
            provider: OKTA,
            undo: Some("account.set_risk"),
            permissions: &["okta.userRisk.manage"],
            summary: "Sets the risk level of the user, which policies act on.",
            ..BASE
        },
        takes: Takes::Level,
        deed: Deed::Sets(Sets { values: &[("risk", Wanted::Param("level"))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "account.add_to_group",
            provider: OKTA,
            undo: Some("account.remove_from_group"),
            permissions: &["okta.groups.manage"],
            summary: "Puts the user into a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(true),
    },
    Row {
        spec: ActionSpec {
            name: "account.remove_from_group",
            provider: OKTA,
            undo: Some("account.add_to_group"),
            permissions: &["okta.groups.manage"],
            summary: "Takes the user out of a group.",
            ..BASE
        },
        takes: Takes::Group,
        deed: Deed::Member(false),
    },
];
