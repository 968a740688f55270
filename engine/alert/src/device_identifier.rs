//! How the names of devices are recognised, normalised, written and read back.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::device::DeviceIdentifier;
use crate::encoding::{Sid, parse_guid};
use crate::error::IdentifierError;
use crate::folding::{clean, fold};

/// The kinds, as they stand in front of a written identifier, for messages.
const KINDS: &str = "mde_id, entra_device_id, azure_id, sid, dns_name, netbios, host_name";

impl DeviceIdentifier {
    /// Recognises a text by its form: machine id, SID, Azure resource id, `DOMAIN\host`, DNS name, bare host name, in
    /// this order. A GUID is an Entra device id.
    pub fn recognise(text: &str) -> Result<Self, IdentifierError> {
        let text = clean(text)?;
        if is_mde_id(&text) {
            return Self::mde_id(&text);
        }
        if let Ok(sid) = Self::sid(&text) {
            return Ok(sid);
        }
        if parse_guid(&text).is_some() {
            return Self::entra_device_id(&text);
        }
        if text.starts_with('/') {
            return Self::azure_id(&text);
        }
        if let Some((domain, name)) = text.split_once('\\') {
            return Self::netbios(domain, name);
        }
        Self::dns_name(&text).or_else(|_| Self::host_name(&text))
    }

    /// The machine id of Defender for Endpoint: 40 hex digits.
    pub fn mde_id(text: &str) -> Result<Self, IdentifierError> {
        let text = clean(text)?;
        if is_mde_id(&text) {
            return Ok(Self::MdeId(text.to_ascii_lowercase()));
        }
        Err(IdentifierError::NotA { form: "machine id of Defender for Endpoint (40 hex digits)", text })
    }

    /// The Entra device id, in any spelling of a GUID.
    pub fn entra_device_id(text: &str) -> Result<Self, IdentifierError> {
        match parse_guid(text) {
            Some(guid) if !guid.is_nil() => Ok(Self::EntraDeviceId(guid.to_string())),
            _ => Err(IdentifierError::NotA { form: "Entra ID device id (a GUID)", text: text.to_owned() }),
        }
    }

    /// The Azure resource id. Its case does not count.
    pub fn azure_id(text: &str) -> Result<Self, IdentifierError> {
        let text = clean(text)?;
        if text.starts_with('/') && text.len() > 1 {
            return Ok(Self::AzureId(fold(text.trim_end_matches('/'))));
        }
        Err(IdentifierError::NotA { form: "Azure resource id (/subscriptions/…)", text })
    }

    /// The SID of the computer account.
    pub fn sid(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::Sid(clean(text)?.parse::<Sid>()?.to_string()))
    }

    /// A fully qualified DNS name: at least two labels, and no address.
    pub fn dns_name(text: &str) -> Result<Self, IdentifierError> {
        let text = clean(text)?;
        let name = fold(text.trim_end_matches('.'));
        let labels: Vec<&str> = name.split('.').collect();
        if labels.len() > 1 && labels.iter().all(|label| is_label(label)) && name.parse::<IpAddr>().is_err() {
            return Ok(Self::DnsName(name));
        }
        Err(IdentifierError::NotA { form: "fully qualified DNS name (host.domain)", text })
    }

    /// A down-level name from its two halves.
    pub fn netbios(domain: &str, name: &str) -> Result<Self, IdentifierError> {
        let (domain, name) = (fold(&clean(domain)?), fold(&clean(name)?));
        let name = name.strip_suffix('$').unwrap_or(&name).to_owned();
        if is_label(&name) && domain.split('.').all(is_label) && domain != "workgroup" {
            return Ok(Self::Netbios { domain, name });
        }
        let text = format!("{domain}\\{name}");
        Err(IdentifierError::NotA { form: "down-level device name (DOMAIN\\host)", text })
    }

    /// A bare host name.
    pub fn host_name(text: &str) -> Result<Self, IdentifierError> {
        Ok(Self::HostName(fold(&clean(text)?)))
    }

    /// What kind it is, as it stands in front of a written identifier.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MdeId(_) => "mde_id",
            Self::EntraDeviceId(_) => "entra_device_id",
            Self::AzureId(_) => "azure_id",
            Self::Sid(_) => "sid",
            Self::DnsName(_) => "dns_name",
            Self::Netbios { .. } => "netbios",
            Self::HostName(_) => "host_name",
        }
    }

    /// Whether it names one device by itself. A bare host name does not: nothing is acted on by it.
    pub fn is_strong(&self) -> bool {
        !matches!(self, Self::HostName(_))
    }

    /// Whether two identifiers cannot belong to one device: both of one lasting kind, and different.
    pub fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::MdeId(a), Self::MdeId(b))
            | (Self::EntraDeviceId(a), Self::EntraDeviceId(b))
            | (Self::AzureId(a), Self::AzureId(b))
            | (Self::Sid(a), Self::Sid(b)) => a != b,
            _ => false,
        }
    }
}

impl fmt::Display for DeviceIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind())?;
        match self {
            Self::MdeId(text)
            | Self::EntraDeviceId(text)
            | Self::AzureId(text)
            | Self::Sid(text)
            | Self::DnsName(text)
            | Self::HostName(text) => f.write_str(text),
            Self::Netbios { domain, name } => write!(f, "{domain}\\{name}"),
        }
    }
}

/// Reads the form that `Display` writes: `mde_id:…`, `dns_name:…`, `netbios:corp\wks01`.
impl FromStr for DeviceIdentifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |prefix: &str| IdentifierError::UnknownKind { prefix: prefix.to_owned(), known: KINDS };
        let (kind, rest) = text.split_once(':').ok_or_else(|| unknown(text))?;
        match kind.trim() {
            "mde_id" | "mde" => Self::mde_id(rest),
            "entra_device_id" => Self::entra_device_id(rest),
            "azure_id" => Self::azure_id(rest),
            "sid" => Self::sid(rest),
            "dns_name" => Self::dns_name(rest),
            "netbios" => match rest.split_once('\\') {
                Some((domain, name)) => Self::netbios(domain, name),
                None => Err(IdentifierError::NotA {
                    form: "down-level device name (DOMAIN\\host)",
                    text: rest.to_owned(),
                }),
            },
            "host_name" => Self::host_name(rest),
            other => Err(unknown(other)),
        }
    }
}

fn is_mde_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(text: &str) -> DeviceIdentifier {
        DeviceIdentifier::recognise(text).unwrap()
    }

    #[test]
    fn forms_are_recognised_in_order() {
        let machine = "A1".repeat(20);
        assert_eq!(any(&machine), DeviceIdentifier::MdeId(machine.to_lowercase()));
        assert_eq!(any("S-1-5-21-1-2-3-1601").kind(), "sid");
        assert_eq!(any("{CFCF4177-227E-4CDB-AC8E-F9A3DA1CA30C}").kind(), "entra_device_id");
        assert_eq!(any("/SUBSCRIPTIONS/x/VirtualMachines/Vm"), any("/subscriptions/X/virtualmachines/vm/"));
        assert_eq!(any("WKS-1.Contoso.Example."), DeviceIdentifier::DnsName("wks-1.contoso.example".into()));
        assert_eq!(any("CONTOSO\\WKS1$").to_string(), "netbios:contoso\\wks1");
        assert_eq!(any("WKS1"), DeviceIdentifier::HostName("wks1".into()));
        assert_eq!(any("10.0.0.1").kind(), "host_name", "an address is no DNS name");
    }

    #[test]
    fn names_are_compared_exactly() {
        assert_ne!(any("web1.x.example"), any("web10.x.example"));
        assert_ne!(any("web1.x.example"), any("web1"));
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        for text in
            ["wks1", "wks1.x.example", "X\\wks1", "/subscriptions/x", "S-1-5-21-1-2-3-1601", &"ab".repeat(20)]
        {
            let identifier = any(text);
            assert_eq!(identifier.to_string().parse(), Ok(identifier), "{text}");
        }
    }

    #[test]
    fn broken_names_are_refused() {
        for text in ["", "a\0b", "\\x", "WORKGROUP\\x"] {
            assert!(DeviceIdentifier::recognise(text).is_err(), "{text:?}");
        }
        assert!(DeviceIdentifier::mde_id("t4563234bc5a964f417c11f6277d5bf9489f0d").is_err());
        assert!(DeviceIdentifier::entra_device_id("00000000-0000-0000-0000-000000000000").is_err());
        assert!(DeviceIdentifier::dns_name("a..b").is_err());
    }
}
