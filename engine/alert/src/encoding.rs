//! The encodings of identifiers: SIDs as text and bytes, GUIDs as Active Directory keeps them, the source anchor of
//! Entra Connect, and the SID that Entra ID derives from an object id.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::error::IdentifierError;

/// The most sub-authorities that a SID can have.
const MAX_SUB_AUTHORITIES: usize = 15;
/// Relative ids below this one belong to built-in accounts and groups of a domain or a computer.
const FIRST_ORDINARY_RID: u32 = 1000;

/// A Windows security identifier, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: u64,
    sub_authorities: Vec<u32>,
}

impl Sid {
    /// Reads the bytes that a directory keeps: authority big-endian, sub-authorities little-endian.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdentifierError> {
        let refused = || IdentifierError::NotA { form: "SID in bytes", text: format!("{bytes:02x?}") };
        let (head, rest) = bytes.split_at_checked(8).ok_or_else(refused)?;
        let count = usize::from(head[1]);
        if head[0] != 1 || count == 0 || count > MAX_SUB_AUTHORITIES || rest.len() != count * 4 {
            return Err(refused());
        }
        let authority = head[2..].iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let sub_authorities = rest
            .chunks_exact(4)
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        Ok(Self { authority, sub_authorities })
    }

    /// The bytes that a directory keeps.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.sub_authorities.len() * 4);
        bytes.push(1);
        bytes.push(u8::try_from(self.sub_authorities.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        for part in &self.sub_authorities {
            bytes.extend_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    /// The relative id: the last number.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// The SID of the domain or computer that issued this one, where this is the SID of an account or a group.
    pub fn domain(&self) -> Option<Self> {
        let (_, rest) = self.sub_authorities.split_last()?;
        self.is_issued().then(|| Self { authority: self.authority, sub_authorities: rest.to_vec() })
    }

    /// Whether a domain or a computer issued it (`S-1-5-21-…`).
    pub fn is_issued(&self) -> bool {
        self.authority == 5 && self.sub_authorities.len() == 5 && self.sub_authorities[0] == 21
    }

    /// Whether Entra ID derived it from an object id (`S-1-12-1-…`).
    pub fn is_entra(&self) -> bool {
        self.authority == 12 && self.sub_authorities.len() == 5 && self.sub_authorities[0] == 1
    }

    /// Whether it belongs to the system or is built in: nothing that may be acted on. Everything outside `S-1-5-21-…`
    /// and `S-1-12-1-…` is, and so are Administrator (500), Guest (501), krbtgt (502) and their neighbours.
    pub fn is_built_in(&self) -> bool {
        if self.is_entra() {
            return false;
        }
        !self.is_issued() || self.rid().is_none_or(|rid| rid < FIRST_ORDINARY_RID)
    }

    /// The SID by which devices know the Entra object with this id.
    pub fn from_entra_object_id(id: Uuid) -> Self {
        let bytes = id.to_bytes_le();
        let mut sub_authorities = vec![1];
        sub_authorities.extend(
            bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])),
        );
        Self { authority: 12, sub_authorities }
    }

    /// The Entra object id from which this SID was derived, where it was.
    pub fn entra_object_id(&self) -> Option<Uuid> {
        if !self.is_entra() {
            return None;
        }
        let mut bytes = [0_u8; 16];
        for (four, part) in bytes.chunks_exact_mut(4).zip(&self.sub_authorities[1..]) {
            four.copy_from_slice(&part.to_le_bytes());
        }
        Some(Uuid::from_bytes_le(bytes))
    }
}

impl FromStr for Sid {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_sid(text).ok_or_else(|| IdentifierError::NotA { form: "SID", text: text.to_owned() })
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.authority > u64::from(u32::MAX) {
            write!(f, "S-1-0x{:012X}", self.authority)?;
        } else {
            write!(f, "S-1-{}", self.authority)?;
        }
        self.sub_authorities.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

/// Reads a GUID in any of its spellings: dashed, bare, in braces, in either case.
pub fn parse_guid(text: &str) -> Option<Uuid> {
    let text = text.trim();
    let looks_like_one = matches!(text.len(), 32 | 36 | 38);
    looks_like_one.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The bytes that Active Directory keeps for a GUID: the first three groups little-endian.
pub fn guid_to_ad_bytes(guid: Uuid) -> [u8; 16] {
    guid.to_bytes_le()
}

/// The GUID whose Active Directory bytes these are.
pub fn guid_from_ad_bytes(bytes: [u8; 16]) -> Uuid {
    Uuid::from_bytes_le(bytes)
}

/// The source anchor (`onPremisesImmutableId`) that Entra Connect makes of an Active Directory object GUID.
pub fn immutable_id_of_guid(guid: Uuid) -> String {
    STANDARD.encode(guid.to_bytes_le())
}

/// The Active Directory object GUID behind a source anchor; nothing where the site anchors on something else.
pub fn guid_of_immutable_id(anchor: &str) -> Option<Uuid> {
    let bytes = STANDARD.decode(anchor).ok()?;
    Some(Uuid::from_bytes_le(bytes.try_into().ok()?))
}

fn parse_sid(text: &str) -> Option<Sid> {
    let text = text.trim();
    let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-"))?;
    let mut parts = rest.split('-');
    let authority = parse_authority(parts.next()?)?;
    let sub_authorities: Vec<u32> = parts.map(parse_decimal).collect::<Option<_>>()?;
    (!sub_authorities.is_empty() && sub_authorities.len() <= MAX_SUB_AUTHORITIES)
        .then_some(Sid { authority, sub_authorities })
}

/// The authority is written in hexadecimal from 2^32 on.
fn parse_authority(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value = match hex {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()?
        }
        Some(_) => return None,
        None => parse_decimal::<u64>(text)?,
    };
    (value < 1 << 48).then_some(value)
}

/// `str::parse` alone would take a plus sign too.
fn parse_decimal<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "S-1-5-21-430931326-2955467119-2056817798-1102";
    const SID_BYTES: &str = "0105000000000005150000007e7daf196fd928b0868c987a4e040000";
    const GUID: &str = "265a9d10-0394-4447-a726-a5c6f62b4aa5";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn sid(text: &str) -> Sid {
        text.parse().unwrap()
    }

    #[test]
    fn a_sid_goes_to_the_bytes_of_the_directory_and_back() {
        assert_eq!(hex(&sid(SID).to_bytes()), SID_BYTES);
        assert_eq!(Sid::from_bytes(&sid(SID).to_bytes()).unwrap().to_string(), SID);
        assert_eq!(sid(SID).rid(), Some(1102));
        assert_eq!(sid(SID).domain().unwrap().to_string(), "S-1-5-21-430931326-2955467119-2056817798");
    }

    #[test]
    fn broken_sids_are_refused() {
        let long = format!("S-1-5{}", "-1".repeat(16));
        for text in [
            "",
            "S-1",
            "S-1-5",
            "S-1-5-",
            "S-2-5-18",
            "S-1-5-21-x",
            "S-1-5-+18",
            "1001:1001",
            "S-1-5-4294967296",
            "S-1-9-9999999999-9999",
            "S-1-5--18",
            "S-1-0x-1",
            &long,
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        for bytes in [&[][..], &[1, 1, 0, 0, 0, 0, 0, 5][..], &[2, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0][..]] {
            assert!(Sid::from_bytes(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_large_authority_is_written_in_hexadecimal() {
        assert_eq!(sid("S-1-0x000100000000-7").to_string(), "S-1-0x000100000000-7");
        assert_eq!(sid("S-1-0x5-18").to_string(), "S-1-5-18");
    }

    #[test]
    fn what_is_built_in_is_known() {
        for text in [
            "S-1-5-18",
            "S-1-5-20",
            "S-1-5-32-544",
            "S-1-5-21-1-2-3-500",
            "S-1-5-21-1-2-3-502",
            "S-1-5-80-1-2",
        ] {
            assert!(sid(text).is_built_in(), "{text}");
        }
        for text in [SID, "S-1-12-1-1-2-3-4", "S-1-5-21-1-2-3-1000"] {
            assert!(!sid(text).is_built_in(), "{text}");
        }
    }

    #[test]
    fn a_guid_has_mixed_byte_order_in_the_directory() {
        let guid = parse_guid(GUID).unwrap();
        assert_eq!(hex(&guid_to_ad_bytes(guid)), "109d5a2694034744a726a5c6f62b4aa5");
        assert_eq!(guid_from_ad_bytes(guid_to_ad_bytes(guid)), guid);
        assert_eq!(immutable_id_of_guid(guid), "EJ1aJpQDR0SnJqXG9itKpQ==");
        assert_ne!(
            immutable_id_of_guid(guid),
            "JlqdEAOUREenJqXG9itKpQ==",
            "plain big-endian bytes are the usual bug"
        );
        assert_eq!(guid_of_immutable_id("EJ1aJpQDR0SnJqXG9itKpQ=="), Some(guid));
        assert_eq!(guid_of_immutable_id("12345"), None);
    }

    #[test]
    fn a_guid_has_many_spellings() {
        for text in [
            GUID,
            "{265A9D10-0394-4447-A726-A5C6F62B4AA5}",
            "265a9d1003944447a726a5c6f62b4aa5",
            " 265A9D10-0394-4447-a726-a5c6f62b4aa5 ",
        ] {
            assert_eq!(parse_guid(text).unwrap().to_string(), GUID, "{text}");
        }
        assert_eq!(parse_guid("265a9d10-0394-4447-a726"), None);
    }

    #[test]
    fn entra_derives_a_sid_from_an_object_id() {
        let id = parse_guid("7d1f0d4e-1234-5678-9abc-def012345678").unwrap();
        let derived = Sid::from_entra_object_id(id);
        assert_eq!(derived.to_string(), "S-1-12-1-2099187022-1450709556-4041129114-2018915346");
        assert_eq!(derived.entra_object_id(), Some(id));
        assert_eq!(sid(SID).entra_object_id(), None);
    }
}
