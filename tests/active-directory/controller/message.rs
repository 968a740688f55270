//! The messages of LDAP that a client of ours sends, and the answers.

use super::ber::{self, Element};

/// A request, understood.
#[derive(Debug, Clone)]
pub enum Request {
    Bind { account: String, password: String },
    Search { base: String, scope: i64, filter: Filter, attributes: Vec<String> },
    Modify { object: String, changes: Vec<Change> },
    Unbind,
    Other(u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// 0 add, 1 delete, 2 replace.
    pub kind: i64,
    /// In lower case.
    pub attribute: String,
    pub values: Vec<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Equal(String, Vec<u8>),
    Present(String),
}

/// A result: its code and the text of the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub code: u32,
    pub text: String,
    pub referral: Option<String>,
}

impl Verdict {
    pub fn good() -> Self {
        Self::new(0, "")
    }

    pub fn new(code: u32, text: &str) -> Self {
        Self { code, text: text.to_owned(), referral: None }
    }
}

/// An object as it is sent: its name, its attributes.
pub type Found = (String, Vec<(String, Vec<Vec<u8>>)>);

pub fn read(message: Element<'_>) -> (i64, Request) {
    let parts = message.inner();
    (parts[0].number(), request(parts[1]))
}

fn request(operation: Element<'_>) -> Request {
    let parts = operation.inner();
    match operation.tag {
        0x60 => Request::Bind { account: parts[1].text(), password: parts[2].text() },
        0x63 => Request::Search {
            base: parts[0].text(),
            scope: parts[1].number(),
            filter: filter(parts[6]),
            attributes: parts[7].inner().iter().map(|name| name.text().to_lowercase()).collect(),
        },
        0x66 => Request::Modify {
            object: parts[0].text(),
            changes: parts[1].inner().into_iter().map(change).collect(),
        },
        0x42 => Request::Unbind,
        other => Request::Other(other),
    }
}

fn change(element: Element<'_>) -> Change {
    let parts = element.inner();
    let attribute = parts[1].inner();
    Change {
        kind: parts[0].number(),
        attribute: attribute[0].text().to_lowercase(),
        values: attribute[1].inner().iter().map(|value| value.content.to_vec()).collect(),
    }
}

fn filter(element: Element<'_>) -> Filter {
    let inner = || element.inner().into_iter().map(filter).collect();
    match element.tag {
        0xa0 => Filter::All(inner()),
        0xa1 => Filter::Any(inner()),
        0xa2 => Filter::Not(Box::new(filter(element.inner()[0]))),
        0xa3 => {
            let parts = element.inner();
            Filter::Equal(parts[0].text().to_lowercase(), parts[1].content.to_vec())
        }
        0x87 => Filter::Present(element.text().to_lowercase()),
        other => panic!("no filter of ours has the tag {other:#x}"),
    }
}

pub fn bound(id: i64, verdict: &Verdict) -> Vec<u8> {
    answer(id, 0x61, verdict)
}

pub fn modified(id: i64, verdict: &Verdict) -> Vec<u8> {
    answer(id, 0x67, verdict)
}

pub fn searched(id: i64, found: &[Found], verdict: &Verdict) -> Vec<u8> {
    let mut bytes: Vec<u8> = found.iter().flat_map(|one| message(id, entry(one))).collect();
    bytes.extend(answer(id, 0x65, verdict));
    bytes
}

fn entry((name, attributes): &Found) -> Vec<u8> {
    let attributes: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(name, values)| {
            let values: Vec<Vec<u8>> = values.iter().map(|value| ber::put(0x04, value)).collect();
            ber::sequence(0x30, &[ber::text(name), ber::sequence(0x31, &values)])
        })
        .collect();
    ber::sequence(0x64, &[ber::text(name), ber::sequence(0x30, &attributes)])
}

fn answer(id: i64, tag: u8, verdict: &Verdict) -> Vec<u8> {
    let mut parts = vec![ber::enumerated(verdict.code), ber::text(""), ber::text(&verdict.text)];
    parts.extend(verdict.referral.as_ref().map(|host| ber::sequence(0xa3, &[ber::text(host)])));
    message(id, ber::sequence(tag, &parts))
}

fn message(id: i64, operation: Vec<u8>) -> Vec<u8> {
    ber::sequence(0x30, &[ber::integer(id), operation])
}
