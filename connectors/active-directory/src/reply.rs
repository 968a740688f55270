//! [`Reply`]: what a domain controller said when it refused, and what that means.
//!
//! Windows writes `00002085: AtrErr: DSID-0315…, #1: …`, Samba a free text after the same eight digits, and the two
//! differ in the result code for the same matter. So the digits decide first, the result code second.

use quell_action::VendorReply;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u32,
    pub(crate) text: String,
    pub(crate) referrals: Vec<String>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// There is no such object.
    NotFound,
    /// The account that signed in lacks the right.
    Denied,
    /// The password or account policy is against it.
    Policy,
    /// TLS or signing is demanded.
    NeedsEncryption,
    /// The value to delete is not there: somebody was faster.
    ValueAbsent,
    /// The value to add is there already.
    ValuePresent,
    /// It is a member of the group already.
    AlreadyMember,
    /// It is no member of the group.
    NotMember,
    /// Another controller or domain is responsible.
    WrongServer,
    /// The controller is busy or in trouble.
    Trouble,
    /// The answer would be too large.
    TooLarge,
    /// The password was refused.
    Credentials,
    /// The connection is not signed in (any more).
    NotSignedIn,
    /// Anything else: understood and refused.
    Refused,
}

impl Reply {
    /// What it means, for anything but group membership.
    pub(crate) fn meaning(&self) -> Meaning {
        self.hex().and_then(by_hex).unwrap_or_else(|| by_code(self.code))
    }

    /// The directory's own error number, with which the text begins.
    pub(crate) fn hex(&self) -> Option<u32> {
        let digits = self.text.get(..8)?;
        let ends = self.text[8..].chars().next().is_none_or(|next| !next.is_ascii_alphanumeric());
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hex && ends).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }

    /// Why a sign-in was refused: `52e`, `775`.
    pub(crate) fn sign_in_reason(&self) -> Option<&str> {
        let rest = self.text.split_once("data ")?.1;
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|reason| !reason.is_empty())
    }

    /// For the record: the result code, the directory's number, and the place in its code that its makers ask for.
    pub(crate) fn vendor(&self) -> VendorReply {
        VendorReply {
            status: Some(i64::from(self.code)),
            code: self.hex().map(|hex| format!("{hex:08X}")),
            request_id: self.text.split_once("DSID-").map(|(_, rest)| {
                let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
                format!("DSID-{}", &rest[..end])
            }),
        }
    }

    /// The text as far as it fits into a message: one line, without the trailing newline and NUL of Windows.
    pub(crate) fn short_text(&self) -> String {
        let line: String = self.text.chars().filter(|c| !c.is_control()).take(200).collect();
        match (line.trim(), self.code) {
            ("", code) => format!("result code {code}"),
            (text, code) => format!("result code {code}, {text}"),
        }
    }
}

/// Says in words why a sign-in was refused.
pub(crate) fn sign_in_words(reason: Option<&str>) -> &'static str {
    match reason {
        Some("52e" | "525") => "the account or its password is wrong",
        Some("530") => "the account may not sign in at this hour",
        Some("531") => "the account may not sign in from here",
        Some("532") => "the password has expired",
        Some("533") => "the account is disabled",
        Some("701") => "the account has expired",
        Some("773") => "the password must be changed first",
        Some("775") => "the account is locked out",
        _ => "the account and its password were refused",
    }
}

fn by_hex(hex: u32) -> Option<Meaning> {
    Some(match hex {
        0x208D | 0x525 | 0x2030 => Meaning::NotFound,
        0x2098 | 0x5 => Meaning::Denied,
        0x52D => Meaning::Policy,
        0x1F | 0x2028 => Meaning::NeedsEncryption,
        0x2085 | 0x2080 => Meaning::ValueAbsent,
        0x200D | 0x2083 => Meaning::ValuePresent,
        0x562 => Meaning::AlreadyMember,
        0x561 => Meaning::NotMember,
        0x202B => Meaning::WrongServer,
        0x200E | 0x200F => Meaning::Trouble,
        0x4DC => Meaning::NotSignedIn,
        // "The parameter is incorrect", which Samba says with the result code `other`.
        0x57 => Meaning::Refused,
        _ => return None,
    })
}

fn by_code(code: u32) -> Meaning {
    match code {
        32 => Meaning::NotFound,
        50 => Meaning::Denied,
        8 | 13 => Meaning::NeedsEncryption,
        16 => Meaning::ValueAbsent,
        20 => Meaning::ValuePresent,
        68 => Meaning::AlreadyMember,
        10 => Meaning::WrongServer,
        1 | 3 | 51 | 52 | 80 => Meaning::Trouble,
        4 | 11 => Meaning::TooLarge,
        49 => Meaning::Credentials,
        _ => Meaning::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u32, text: &str) -> Reply {
        Reply { code, text: text.into(), referrals: Vec::new() }
    }

    #[test]
    fn windows_and_samba_mean_the_same() {
        let windows_policy = "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\0";
        let samba_policy =
            "0000052D: Constraint violation - check_password_restrictions: the password is too short";
        for (code, text, meaning) in [
            (53, windows_policy, Meaning::Policy),
            (19, samba_policy, Meaning::Policy),
            (
                50,
                "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
                Meaning::Denied,
            ),
            (50, "", Meaning::Denied),
            (
                50,
                "00000005: SecErr: DSID-03152870, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
                Meaning::Denied,
            ),
            (16, "00002085: AtrErr: DSID-03190F7F, #1:", Meaning::ValueAbsent),
            (
                16,
                "attribute 'userAccountControl': no matching attribute value while deleting",
                Meaning::ValueAbsent,
            ),
            (32, "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0", Meaning::NotFound),
            (10, "0000202B: RefErr: DSID-03100781, data 0, 1 access points", Meaning::WrongServer),
            (
                53,
                "00000561: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0",
                Meaning::NotMember,
            ),
            (
                68,
                "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0",
                Meaning::AlreadyMember,
            ),
            (
                1,
                "000004DC: LdapErr: DSID-0C0909A2, comment: a successful bind must be completed",
                Meaning::NotSignedIn,
            ),
            (
                8,
                "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity",
                Meaning::NeedsEncryption,
            ),
            (80, "00000057: pwdLastSet only allows 0 or -1", Meaning::Refused),
            (80, "", Meaning::Trouble),
            (53, "", Meaning::Refused),
        ] {
            assert_eq!(reply(code, text).meaning(), meaning, "{code} {text}");
        }
    }

    #[test]
    fn only_leading_digits_are_a_number() {
        for text in ["", "0000052", "0000052Dx", "deadbeefcafe", "x0000052D", "äöüäöü"] {
            assert_eq!(reply(53, text).hex(), None, "{text}");
        }
        assert_eq!(reply(53, "0000052D").hex(), Some(0x52d));
        assert_eq!(reply(53, "0000052d: x").hex(), Some(0x52d));
    }

    #[test]
    fn a_refused_sign_in_says_why() {
        let text =
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v3839\0";
        let locked = reply(49, text);
        assert_eq!(locked.sign_in_reason(), Some("775"));
        assert_eq!(sign_in_words(locked.sign_in_reason()), "the account is locked out");
        assert_eq!(reply(49, "").sign_in_reason(), None);
        assert_eq!(reply(49, "data ").sign_in_reason(), None);
    }

    #[test]
    fn the_record_names_the_place_and_no_control_characters() {
        let reply = reply(16, "00002085: AtrErr: DSID-03190F7F, #1:\n\t0: 00002085\n\0");
        let vendor = reply.vendor();
        assert_eq!(vendor.status, Some(16));
        assert_eq!(vendor.code.as_deref(), Some("00002085"));
        assert_eq!(vendor.request_id.as_deref(), Some("DSID-03190F7F"));
        assert!(!reply.short_text().contains(char::is_control));
    }
}
