//! [`Query`]: one question to a directory, as data, so that it can be asked again elsewhere.
//!
//! Every value goes into a filter through [`Filter`], which escapes it: names out of alerts never become filters.

use ldap3::Scope;
use quell_alert::{Sid, guid_to_ad_bytes};
use uuid::Uuid;

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) place: Place,
    pub(crate) scope: Scope,
    pub(crate) filter: Filter,
    pub(crate) attributes: &'static [&'static str],
    /// More answers than this are not waited for: nothing that is asked here has that many.
    pub(crate) at_most: usize,
    /// Whether more answers are cut off silently, as against refused.
    pub(crate) cut: bool,
}

/// Where to look.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The domain of the controller that is asked, and all that is in it.
    Domain,
    /// The domain's own object.
    DomainItself,
    /// Where a forest lists its domains.
    Partitions,
    /// One object, by the id that it keeps when it is renamed or moved.
    Guid(Uuid),
    /// One object, by the name that the same controller has just told.
    Told(String),
}

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(String);

impl Query {
    /// Asks for one object by its id.
    pub(crate) fn object(guid: Uuid, filter: Filter, attributes: &'static [&'static str]) -> Self {
        Self { filter, ..Self::at(Place::Guid(guid), attributes) }
    }

    /// Asks for one object, whatever it is.
    pub(crate) fn at(place: Place, attributes: &'static [&'static str]) -> Self {
        Self {
            place,
            scope: Scope::Base,
            filter: Filter::has("objectClass"),
            attributes,
            at_most: 1,
            cut: false,
        }
    }

    /// Looks through the whole domain.
    pub(crate) fn domain(filter: Filter, attributes: &'static [&'static str], at_most: usize) -> Self {
        Self { place: Place::Domain, scope: Scope::Subtree, filter, attributes, at_most, cut: false }
    }

    /// Takes the first answers and leaves the others.
    pub(crate) fn the_first(self) -> Self {
        Self { cut: true, ..self }
    }
}

impl Filter {
    /// Objects of this class.
    pub(crate) fn class(name: &'static str) -> Self {
        Self(format!("(objectClass={name})"))
    }

    /// Objects that have this attribute.
    pub(crate) fn has(attribute: &'static str) -> Self {
        Self(format!("({attribute}=*)"))
    }

    /// Objects in which this attribute is this text.
    pub(crate) fn text(attribute: &'static str, value: &str) -> Self {
        Self(format!("({attribute}={})", ldap3::ldap_escape(value)))
    }

    /// Objects in which this attribute is this SID.
    pub(crate) fn sid(attribute: &'static str, value: &Sid) -> Self {
        Self::bytes(attribute, &value.to_bytes())
    }

    /// Objects in which this attribute is this GUID.
    pub(crate) fn guid(attribute: &'static str, value: Uuid) -> Self {
        Self::bytes(attribute, &guid_to_ad_bytes(value))
    }

    /// Objects that pass all of these.
    pub(crate) fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('&', filters)
    }

    /// Objects that pass any of these.
    pub(crate) fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('|', filters)
    }

    /// Objects that do not pass this.
    pub(crate) fn none(filter: Self) -> Self {
        Self::joined('!', [filter])
    }

    /// As it is sent.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn bytes(attribute: &str, value: &[u8]) -> Self {
        let escaped: String = value.iter().map(|byte| format!("\\{byte:02x}")).collect();
        Self(format!("({attribute}={escaped})"))
    }

    fn joined(operator: char, filters: impl IntoIterator<Item = Self>) -> Self {
        let inner: String = filters.into_iter().map(|filter| filter.0).collect();
        Self(format!("({operator}{inner})"))
    }
}

/// A GUID as the name of an object, also where one object is a value of another: it holds when the object is renamed or moved.
pub(crate) fn by_guid(guid: Uuid) -> String {
    format!("<GUID={guid}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_become_filters() {
        for (name, escaped) in [
            ("alice*", "(sAMAccountName=alice\\2a)"),
            ("a)(objectClass=*", "(sAMAccountName=a\\29\\28objectClass=\\2a)"),
            ("al\\2a", "(sAMAccountName=al\\5c2a)"),
            ("a\0b", "(sAMAccountName=a\\00b)"),
            ("O'Neil, \"J\" #+", "(sAMAccountName=O'Neil, \"J\" #+)"),
        ] {
            let filter = Filter::text("sAMAccountName", name);
            assert_eq!(filter.as_str(), escaped);
            assert!(ldap3::parse_filter(filter.as_str()).is_ok());
        }
    }

    #[test]
    fn a_guid_is_asked_for_in_the_order_of_the_directory() {
        let guid = "265a9d10-0394-4447-a726-a5c6f62b4aa5".parse().unwrap();
        let expected = r"(objectGUID=\10\9d\5a\26\94\03\47\44\a7\26\a5\c6\f6\2b\4a\a5)";
        assert_eq!(Filter::guid("objectGUID", guid).as_str(), expected);
        assert_eq!(by_guid(guid), "<GUID=265a9d10-0394-4447-a726-a5c6f62b4aa5>");
    }

    #[test]
    fn filters_nest() {
        let filter =
            Filter::all([Filter::class("user"), Filter::any([Filter::text("cn", "a"), Filter::has("mail")])]);
        assert_eq!(filter.as_str(), "(&(objectClass=user)(|(cn=a)(mail=*)))");
        assert!(ldap3::parse_filter(filter.as_str()).is_ok());
    }
}
