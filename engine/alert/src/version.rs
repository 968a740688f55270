//! Which alerts are the same detection, and which are the same version of it.

use uuid::Uuid;

use crate::alert::{Alert, AlertId, Severity, Status};
use crate::folding::squeeze;

impl Alert {
    /// One text for this version of the detection: when it was written, where it stands and how bad it is. Where the
    /// sender gave no time the content speaks: the same record again is the same version, anything else another one.
    /// Parts of one alert bear one id and one time without being versions of one another, so content tells them apart.
    pub fn version_key(&self) -> String {
        let written = self.times.updated.map(|updated| updated.format("%Y-%m-%dT%H:%M:%S%.9fZ"));
        match written {
            Some(written) if self.part.is_none() => {
                let severity = self.severity.map_or("unknown", Severity::as_str);
                format!("{written}|{}|{severity}", self.status.as_str())
            }
            Some(written) => format!("{written}|part|{}", digest(&self.document)),
            None => format!("content|{}", digest(&self.document)),
        }
    }

    /// One text for the detection itself: product and id. Two alerts that have it in common are versions of one.
    pub fn same_detection_key(&self) -> String {
        format!("{}|{}", squeeze(self.product.as_str()), self.id)
    }
}

impl AlertId {
    /// The id that the producing product knows it by. Defender XDR puts two letters for the product in front of it
    /// (`da` Endpoint, `aa` Identity, `fa` Office 365, `dc` Defender for Cloud, `sn` Sentinel, `ca` Cloud Apps, `ad`
    /// Entra ID Protection, `ra` and `ed` XDR, `dl` data loss prevention): `da3cb12a2f-1c0e-…_1` and the
    /// `VendorOriginalId` `3cb12a2f-1c0e-…_1` are one alert. Whether the letters are a prefix or the beginning of a
    /// GUID, the number of digits before the first dash tells. The id itself is never changed.
    pub fn without_prefix(&self) -> &str {
        let text = self.as_str();
        let Some((prefix, rest)) = text.split_at_checked(2) else { return text };
        let known = PREFIXES.contains(&prefix);
        if known && (begins_with_guid_group(rest) || is_ticks(rest)) { rest } else { text }
    }
}

impl Severity {
    /// The severity in one word: `high`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Status {
    /// The status in one word: `in_progress`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::Resolved => "resolved",
            Self::Dismissed => "dismissed",
            Self::Unknown => "unknown",
        }
    }
}

/// A digest of a document's content.
pub(crate) fn digest(document: &serde_json::Value) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, document.to_string().as_bytes())
}

const PREFIXES: [&str; 10] = ["da", "aa", "fa", "dc", "sn", "ca", "ad", "ra", "ed", "dl"];

/// Eight hex digits and a dash, as every GUID begins.
fn begins_with_guid_group(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 8 && bytes[8] == b'-' && bytes[..8].iter().all(u8::is_ascii_hexdigit)
}

/// Eighteen digits and an underscore, as older Defender for Endpoint ids begin.
fn is_ticks(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 15 && text.as_bytes().get(digits) == Some(&b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_told_from_the_beginning_of_a_guid() {
        for (id, bare) in [
            ("da3cb12a2f-1c0e-4f1f-9f0a-aaaaaaaaaaaa_1", "3cb12a2f-1c0e-4f1f-9f0a-aaaaaaaaaaaa_1"),
            ("aaf063c778-830c-4e9f-98d1-bc6c11c94e11", "f063c778-830c-4e9f-98d1-bc6c11c94e11"),
            ("da637291063515066999_-2102938302", "637291063515066999_-2102938302"),
            ("dacb12a2-1c0e-4f1f-9f0a-aaaaaaaaaaaa", "dacb12a2-1c0e-4f1f-9f0a-aaaaaaaaaaaa"),
            ("2518119885989999999_4aa486e0", "2518119885989999999_4aa486e0"),
            ("d", "d"),
            ("\u{e9}\u{e9}", "\u{e9}\u{e9}"),
        ] {
            assert_eq!(AlertId(id.into()).without_prefix(), bare);
        }
    }
}
