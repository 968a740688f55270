//! [`Entry`]: one object as a directory described it.
//!
//! Read here and not with the LDAP crate's own parser, which panics on malformed answers and sorts values into text and
//! binary by whether they happen to be UTF-8: the SID of a built-in group is.

use std::collections::HashMap;

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};
use quell_alert::{Sid, guid_from_ad_bytes};
use uuid::Uuid;

/// The number of a search result entry among LDAP's messages.
const SEARCH_RESULT_ENTRY: u64 = 4;

/// One object: its name and its attributes, by name in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

/// A part of an attribute with more values than a controller sends at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// The attribute, in lower case.
    pub(crate) attribute: String,
    /// Where the next part begins; `None` when this was the last.
    pub(crate) next: Option<usize>,
}

impl Entry {
    /// Reads a search result; nothing where it is malformed.
    pub(crate) fn read(result: ResultEntry) -> Option<Self> {
        let mut parts = constructed(result.0, Some(SEARCH_RESULT_ENTRY))?.into_iter();
        let dn = text(parts.next()?)?;
        let mut attributes = HashMap::new();
        for attribute in constructed(parts.next()?, None)? {
            let mut halves = constructed(attribute, None)?.into_iter();
            let name = text(halves.next()?)?.to_ascii_lowercase();
            let values: Option<Vec<Vec<u8>>> =
                constructed(halves.next()?, None)?.into_iter().map(primitive).collect();
            attributes.insert(name, values?);
        }
        Some(Self { dn, attributes })
    }

    /// The values of an attribute, as bytes. Names are given in lower case.
    pub(crate) fn all(&self, name: &str) -> &[Vec<u8>] {
        self.attributes.get(name).map_or(&[], Vec::as_slice)
    }

    /// The only value of an attribute, as bytes.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.all(name).first().map(Vec::as_slice)
    }

    /// The only value of an attribute, as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.bytes(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|text| !text.is_empty())
    }

    /// The values of an attribute, as texts.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name).iter().filter_map(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The only value of an attribute, as a whole number.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// The only value of an attribute, as a GUID.
    pub(crate) fn guid(&self, name: &str) -> Option<Uuid> {
        self.bytes(name)?.try_into().ok().map(guid_from_ad_bytes)
    }

    /// The values of an attribute, as SIDs; nothing where one of them is none.
    pub(crate) fn sids(&self, name: &str) -> Option<Vec<Sid>> {
        self.all(name).iter().map(|bytes| Sid::from_bytes(bytes).ok()).collect()
    }

    /// Whether one of the values is this text, whatever its case.
    pub(crate) fn holds(&self, name: &str, value: &str) -> bool {
        self.texts(name).any(|text| text.eq_ignore_ascii_case(value))
    }

    /// Takes the values of `name;range=…` to the attribute itself, and says how to go on where that was not all.
    pub(crate) fn fold_ranges(&mut self) -> Vec<Range> {
        let ranged: Vec<String> =
            self.attributes.keys().filter(|name| name.contains(";range=")).cloned().collect();
        let mut open = Vec::new();
        for name in ranged {
            let Some((attribute, range)) = name.split_once(";range=") else { continue };
            let next = range.split_once('-').and_then(|(_, last)| last.parse::<usize>().ok());
            let values = self.attributes.remove(&name).unwrap_or_default();
            self.attributes.entry(attribute.to_owned()).or_default().extend(values);
            open.push(Range { attribute: attribute.to_owned(), next: next.map(|last| last + 1) });
        }
        open.retain(|range| range.next.is_some());
        open
    }

    /// Adds further values to an attribute.
    pub(crate) fn extend(&mut self, name: &str, values: &[Vec<u8>]) {
        self.attributes.entry(name.to_owned()).or_default().extend_from_slice(values);
    }

    #[cfg(test)]
    pub(crate) fn of(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Self {
        let attributes = attributes
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| value.to_vec()).collect()))
            .collect();
        Self { dn: dn.into(), attributes }
    }
}

fn constructed(tag: StructureTag, id: Option<u64>) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(inner) if id.is_none_or(|id| id == tag.id) => Some(inner),
        _ => None,
    }
}

fn primitive(tag: StructureTag) -> Option<Vec<u8>> {
    tag.expect_primitive()
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(primitive(tag)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::TagClass;

    fn leaf(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn node(id: u64, inner: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload: PL::C(inner) }
    }

    fn result(dn: StructureTag, attributes: Vec<StructureTag>) -> ResultEntry {
        ResultEntry::new(node(4, vec![dn, node(16, attributes)]))
    }

    #[test]
    fn values_are_kept_as_bytes_in_their_order() {
        // The SID of BUILTIN\Administrators is valid UTF-8, that of a domain group is not.
        let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        let group = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 255, 254, 253, 252];
        let entry = Entry::read(result(
            leaf(b"CN=a,DC=x"),
            vec![node(16, vec![leaf(b"tokenGroups"), node(17, vec![leaf(&administrators), leaf(&group)])])],
        ))
        .unwrap();
        assert_eq!(entry.dn, "CN=a,DC=x");
        assert_eq!(entry.all("tokengroups"), [administrators.to_vec(), group.to_vec()]);
        assert_eq!(entry.sids("tokengroups").unwrap()[0].to_string(), "S-1-5-32-544");
    }

    #[test]
    fn malformed_answers_are_no_entries() {
        for broken in [
            node(4, vec![]),
            leaf(b""),
            node(5, vec![leaf(b"CN=a"), node(16, vec![])]),
            node(4, vec![leaf(b"CN=a")]),
            node(4, vec![leaf(&[0xff]), node(16, vec![])]),
            node(4, vec![leaf(b"CN=a"), node(16, vec![leaf(b"x")])]),
            node(4, vec![leaf(b"CN=a"), node(16, vec![node(16, vec![leaf(b"x")])])]),
        ] {
            assert_eq!(Entry::read(ResultEntry::new(broken)), None);
        }
    }

    #[test]
    fn ranges_are_folded_and_say_where_to_go_on() {
        let mut entry = Entry::of("CN=a", &[("memberof;range=0-1499", &[b"g"]), ("cn", &[b"a"])]);
        assert_eq!(entry.fold_ranges(), [Range { attribute: "memberof".into(), next: Some(1500) }]);
        entry.extend("memberof", &[b"h".to_vec()]);
        assert_eq!(entry.all("memberof").len(), 2);
        let mut last = Entry::of("CN=a", &[("memberof;range=1500-*", &[b"z"])]);
        assert_eq!(last.fold_ranges(), []);
        assert_eq!(last.all("memberof").len(), 1);
    }
}
