//! The messages of LDAP that a client of ours sends, and the answers.

use super::ber::{self, Element};

/// Asks for pages.
const PAGED: &str = "1.2.840.113556.1.4.319";
/// Asks not to be sent to other domains.
pub const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// A request, understood.
#[derive(Debug, Clone)]
pub enum Request {
    Bind { account: String, password: String },
    Search { base: String, scope: i64, filter: Filter, attributes: Vec<String>, controls: Vec<Control> },
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

/// What was asked for beside the operation: its number, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    pub kind: String,
    pub value: Vec<u8>,
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
    let controls = parts.get(2).map(|all| all.inner().into_iter().map(control).collect()).unwrap_or_default();
    (parts[0].number(), request(parts[1], controls))
}

fn control(element: Element<'_>) -> Control {
    let parts = element.inner();
    let value = parts.iter().skip(1).find(|part| part.tag == 0x04);
    Control { kind: parts[0].text(), value: value.map(|value| value.content.to_vec()).unwrap_or_default() }
}

fn request(operation: Element<'_>, controls: Vec<Control>) -> Request {
    let parts = operation.inner();
    match operation.tag {
        0x60 => Request::Bind { account: parts[1].text(), password: parts[2].text() },
        0x63 => Request::Search {
            base: parts[0].text(),
            scope: parts[1].number(),
            filter: filter(parts[6]),
            attributes: parts[7].inner().iter().map(|name| name.text().to_lowercase()).collect(),
            controls,
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

/// A page of what was found, a reference to somewhere else beside it, and the mark of the next page where there is one.
pub fn searched_in_part(id: i64, found: &[Found], next: Option<usize>) -> Vec<u8> {
    let mut bytes: Vec<u8> = found.iter().flat_map(|one| message(id, entry(one))).collect();
    bytes.extend(message(id, ber::sequence(0x73, &[ber::text("ldap://elsewhere.example/DC=elsewhere")])));
    let mark = next.map(|at| at.to_string()).unwrap_or_default();
    let value = ber::sequence(0x30, &[ber::integer(0), ber::text(&mark)]);
    let control = ber::sequence(0x30, &[ber::text(PAGED), ber::put(0x04, &value)]);
    let done = vec![ber::enumerated(0), ber::text(""), ber::text("")];
    let parts = [ber::integer(id), ber::sequence(0x65, &done), ber::sequence(0xa0, &[control])];
    bytes.extend(ber::sequence(0x30, &parts));
    bytes
}

/// Where the page begins that is asked for: nowhere without pages.
pub fn page(controls: &[Control]) -> Option<usize> {
    let asked = controls.iter().find(|control| control.kind == PAGED)?;
    let (whole, _) = ber::take(&asked.value)?;
    Some(whole.inner()[1].text().parse().unwrap_or(0))
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
