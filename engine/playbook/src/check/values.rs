//! The values that conditions compare with, each of the kind of its subject.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use quell_alert::{Product, Severity};
use regex::RegexBuilder;

use super::Check;
use crate::codes;
use crate::condition::{Expected, Pattern};
use crate::names::{Kind, TACTICS};
use crate::nearest;
use crate::parse::{Content, Node};

/// A pattern that compiles to more than this is refused.
const MOST_PATTERN_BYTES: usize = 1 << 20;

const SEVERITIES: [(&str, Severity); 4] = [
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
];

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'n> {
    /// The name or the path.
    pub(super) name: &'n str,
    /// Its kind.
    pub(super) kind: Kind,
    /// Whether case counts.
    pub(super) exactly: bool,
}

impl Check<'_> {
    /// One value.
    pub(super) fn expected(&mut self, node: &Node, subject: &Subject<'_>) -> Option<Expected> {
        let Subject { name, kind, exactly } = *subject;
        match kind {
            Kind::Text | Kind::Texts => {
                let text = self.text(node, "the value")?;
                self.compared_as_it_stands(node, &text)?;
                Some(Expected::text(&text, exactly))
            }
            Kind::Product => self.product(node),
            Kind::Words(words) | Kind::Several(words) => self.one_of(node, name, words),
            Kind::Choice => {
                let words = self.words_of(name);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.one_of(node, name, &words)
            }
            Kind::Tactics => self.one_of(node, name, TACTICS),
            Kind::Techniques => self.technique(node),
            Kind::Severity => self.word(node, "a severity", &SEVERITIES).map(Expected::Severity),
            Kind::Integer => match node.content {
                Content::Integer(number) => Some(Expected::Integer(number)),
                _ => self.misfit(node, "a whole number"),
            },
            Kind::Number => match node.content {
                Content::Integer(number) => Some(Expected::Number(number as f64)),
                Content::Number(number) => Some(Expected::Number(number)),
                _ => self.misfit(node, "a number"),
            },
            Kind::Boolean => match node.content {
                Content::Boolean(value) => Some(Expected::Boolean(value)),
                _ => self.misfit(node, "true or false"),
            },
            Kind::Time => self.moment(node),
            Kind::Address => self.address(node),
            Kind::Entities(_) | Kind::Whole | Kind::Json => self.misfit(node, "comparable"),
        }
    }

    /// No template is filled in here, and `"CONTOSO\bob"` holds no backslash.
    fn compared_as_it_stands(&mut self, node: &Node, text: &str) -> Option<()> {
        if text.contains("{{") {
            let message = "a condition compares with the text as it stands: a template does nothing here";
            self.say(codes::BAD_TEMPLATE, &node.span, message, |d| {
                d.help("write the value itself; two fields of an alert cannot be compared with one another")
            });
            return None;
        }
        if text.chars().any(char::is_control) {
            let message =
                "in double quotes, \\ and the letter behind it are one character that cannot be seen";
            let help = "write \\\\ for a backslash, or put the text into single quotes: 'CONTOSO\\bob'";
            self.warn(codes::INVISIBLE, &node.span, message, help);
        }
        Some(())
    }

    /// A list of values.
    pub(super) fn expected_list(
        &mut self,
        node: &Node,
        what: &str,
        subject: &Subject<'_>,
    ) -> Option<Vec<Expected>> {
        let members = self.list(node, what)?;
        let values: Vec<Option<Expected>> =
            members.iter().map(|member| self.expected(member, subject)).collect();
        values.into_iter().collect()
    }

    /// A pattern, compiled.
    pub(super) fn pattern(&mut self, node: &Node, exactly: bool) -> Option<Pattern> {
        let text = self.text(node, "a pattern")?;
        let built =
            RegexBuilder::new(&text).case_insensitive(!exactly).size_limit(MOST_PATTERN_BYTES).build();
        match built {
            Ok(regex) => Some(Pattern { text, exactly, regex: Arc::new(regex) }),
            Err(error) => {
                let why = match &error {
                    regex::Error::CompiledTooBig(_) => "it is too large when compiled".to_owned(),
                    other => other
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim_start_matches("error: ")
                        .to_owned(),
                };
                self.say(codes::BAD_PATTERN, &node.span, format!("the pattern cannot be read: {why}"), |d| {
                    d.help("the syntax is that of Rust's regex: no look-around, no back-references; \\ doubles in \"…\"")
                });
                None
            }
        }
    }

    /// Networks in CIDR notation, or single addresses.
    pub(super) fn networks(&mut self, node: &Node) -> Option<Vec<IpNet>> {
        let members = self.list(node, "`in_range`")?;
        let networks: Vec<Option<IpNet>> = members.iter().map(|member| self.network(member)).collect();
        networks.into_iter().collect()
    }

    fn network(&mut self, node: &Node) -> Option<IpNet> {
        let text = self.text(node, "a network")?;
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            Some(network) if network.network() != network.addr() => {
                let message = format!("`{text}` has bits beyond its prefix");
                let mended = network.trunc().to_string();
                self.say(codes::BAD_NETWORK, &node.span, message, |d| d.nearest(Some(mended)));
                None
            }
            Some(network) => Some(network),
            None => {
                self.say(codes::BAD_NETWORK, &node.span, format!("`{text}` is no network"), |d| {
                    d.expected("10.0.0.0/8, fd00::/8, or a single address")
                });
                None
            }
        }
    }

    fn product(&mut self, node: &Node) -> Option<Expected> {
        let text = self.text(node, "a product")?;
        let product = Product::canonical([text.as_str()]);
        if product.is_known() {
            // Shown as the author wrote it, compared under the canonical name.
            let folded = crate::condition::fold(product.as_str()).into_owned();
            return Some(Expected::Text { text, folded: Some(folded) });
        }
        let nearest = nearest::one(&text, Product::all_names());
        self.say(codes::UNKNOWN_PRODUCT, &node.span, format!("`{text}` is no product that is known"), |d| {
            d.found(text.clone())
                .expected("a product by its name or an alias of it: Microsoft Defender for Identity, MDATP")
                .nearest(nearest)
                .help("for other senders, compare `alert.provider`, which is the sender's own words")
        });
        None
    }

    fn one_of(&mut self, node: &Node, subject: &str, words: &[&str]) -> Option<Expected> {
        let word = self.text(node, "the value")?;
        if words.contains(&word.as_str()) {
            return Some(Expected::text(&word, false));
        }
        self.unknown_word(node, &format!("`{subject}`"), &word, words);
        None
    }

    fn technique(&mut self, node: &Node) -> Option<Expected> {
        let text = self.text(node, "a technique")?;
        if is_technique(&text) {
            return Some(Expected::text(&text, false));
        }
        let folded = text.to_ascii_uppercase();
        let help = if folded.starts_with("TA") {
            "this is a tactic: compare `alert.tactics`"
        } else {
            "techniques are named by their ids"
        };
        let nearest = is_technique(&folded).then_some(folded);
        self.say(codes::BAD_TECHNIQUE, &node.span, format!("`{text}` is no ATT&CK technique"), |d| {
            d.expected("T and four digits, with three more for a sub-technique: T1003, T1003.006")
                .nearest(nearest)
                .help(help)
        });
        None
    }

    fn moment(&mut self, node: &Node) -> Option<Expected> {
        let text = self.text(node, "a moment")?;
        match chrono::DateTime::parse_from_rfc3339(&text) {
            Ok(moment) => Some(Expected::Time(moment.to_utc())),
            Err(_) => {
                self.say(codes::VALUE_KIND, &node.span, format!("`{text}` is no moment"), |d| {
                    d.expected("\"2026-11-21T08:00:00Z\", in quotes")
                        .help("for ages, use `within` or `older_than`: 8h")
                });
                None
            }
        }
    }

    fn address(&mut self, node: &Node) -> Option<Expected> {
        let text = self.text(node, "an address")?;
        match text.parse::<IpAddr>() {
            Ok(address) => Some(Expected::text(&address.to_string(), false)),
            Err(_) => {
                self.say(codes::BAD_NETWORK, &node.span, format!("`{text}` is no IP address"), |d| {
                    d.expected("10.1.2.3 or fd00::1").help("for networks, use `in_range`")
                });
                None
            }
        }
    }

    fn misfit<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let words = self.words(&node.span).to_owned();
        let message = format!("this must be {wanted}, and it is {}", node.word());
        self.say(codes::VALUE_KIND, &node.span, message, |d| {
            let quoted = words.starts_with(['"', '\'']);
            let d = d.found(words).expected(wanted);
            if quoted { d.help("write it without quotes") } else { d }
        });
        None
    }
}

fn is_technique(text: &str) -> bool {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = text.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}
