//! Where something stands in a record: written like a JSONPath, and built only when somebody wants to read it.

use std::fmt;

/// A place in a record, as a chain that leads back to the root.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The record itself.
    Root,
    /// A member of an object.
    Member(&'a Place<'a>, &'a str),
    /// An element of an array.
    Element(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// The place of a member of what stands here.
    pub(crate) fn member<'b>(&'b self, name: &'b str) -> Place<'b>
    where
        'a: 'b,
    {
        Place::Member(self, name)
    }

    /// The place of an element of what stands here.
    pub(crate) fn element<'b>(&'b self, index: usize) -> Place<'b>
    where
        'a: 'b,
    {
        Place::Element(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => f.write_str("$"),
            Place::Element(parent, index) => write!(f, "{parent}[{index}]"),
            Place::Member(parent, name) if is_plain(name) => write!(f, "{parent}.{name}"),
            Place::Member(parent, name) => {
                write!(f, "{parent}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
            }
        }
    }
}

/// Whether JSONPath takes the name without quotes.
fn is_plain(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_a_json_path() {
        let entities = Place::Root.member("Entities");
        let third = entities.element(3);
        assert_eq!(third.member("Host").to_string(), "$.Entities[3].Host");
        assert_eq!(third.member("$id").to_string(), "$.Entities[3]['$id']");
        assert_eq!(Place::Root.member("Risk Score").to_string(), "$['Risk Score']");
    }
}
