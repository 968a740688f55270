//! Subjects of conditions: a name in scope or a path, with how it is read.

use super::Check;
use crate::codes;
use crate::condition::{AsKind, Operator, Quantifier, Subject, Test};
use crate::names::Kind;
use crate::nearest;
use crate::parse::{Content, Entry, Node, Span};
use crate::path::{Path, PathError};

/// Keys beside the operator.
const READING: [&str; 4] = ["as", "some", "every", "exactly"];

const AS_KINDS: [(&str, AsKind); 5] = [
    ("text", AsKind::Text),
    ("integer", AsKind::Integer),
    ("number", AsKind::Number),
    ("boolean", AsKind::Boolean),
    ("time", AsKind::Time),
];

impl Check<'_> {
    /// `subject: { operator: value }`.
    pub(super) fn subject(&mut self, entry: &Entry) -> Option<Test> {
        if entry.key.trim_start().starts_with('$') {
            return self.path_subject(entry);
        }
        let found = self.reference(&entry.key, &entry.key_span);
        let asked = self.asked(entry)?;
        self.only_for_paths(&entry.value);
        let (reference, kind) = found?;
        let exactly = self.exactly(&entry.value, kind, asked.key.as_str());
        let operator = self.operator(asked, &reference.0, kind, exactly)?;
        Some(Test { subject: Subject::Reference(reference, kind), operator })
    }

    fn path_subject(&mut self, entry: &Entry) -> Option<Test> {
        let path = self.path(&entry.key, &entry.key_span);
        let asked = self.asked(entry)?;
        let read_as = match entry.value.member("as") {
            Some(node) => self.word(node, "`as`", &AS_KINDS)?,
            None => AsKind::Text,
        };
        let kind = kind_of(read_as);
        let exactly = self.exactly(&entry.value, kind, asked.key.as_str());
        let path = path?;
        let operator = self.operator_on_path(asked, &path, kind, exactly)?;
        let quantifier = self.quantifier(entry, &path, &operator)?;
        Some(Test { subject: Subject::Path(path, quantifier, read_as), operator })
    }

    /// A path, with its mistakes at their places in it.
    pub(super) fn path(&mut self, text: &str, span: &Span) -> Option<Path> {
        if self.starts.never_alert {
            let message = "a path is about an alert, and none starts this playbook";
            self.say(codes::OUT_OF_SCOPE, span, message, |d| {
                d.help("what it needs to know are its `inputs`")
            });
            return None;
        }
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(PathError { offset, what, help }) => {
                let within = self.within_text(span, text, offset);
                self.say(codes::BAD_PATH, &within, what, |d| match help {
                    Some(help) => d.help(help),
                    None => d,
                });
                None
            }
        }
    }

    /// The place of an offset in a text, where the text stands in the file as it is; otherwise the whole of it.
    pub(super) fn within_text(&self, span: &Span, text: &str, offset: usize) -> Span {
        match self.source[span.clone()].find(text) {
            Some(start) if !text.is_empty() => {
                let at = span.start + start + offset.min(text.len());
                at..span.start + start + text.len()
            }
            _ => span.clone(),
        }
    }

    /// The one operator of a condition.
    fn asked<'n>(&mut self, entry: &'n Entry) -> Option<&'n Entry> {
        let subject = &entry.key;
        let Content::Map(entries) = &entry.value.content else {
            let words = self.words(&entry.value.span).to_owned();
            let message = format!("`{subject}` needs an operator");
            let help = match &entry.value.content {
                Content::List(_) => "write { any_of: […] }".to_owned(),
                Content::Empty => "write { exists: true }, { is: … }".to_owned(),
                _ => format!("write {{ is: {words} }}"),
            };
            self.say(codes::ONE_OPERATOR, &entry.value.span, message, |d| d.help(help));
            return None;
        };
        let mut operators = entries.iter().filter(|entry| !READING.contains(&entry.key.as_str()));
        let Some(first) = operators.next() else {
            let message = format!("`{subject}` needs an operator");
            self.say(codes::ONE_OPERATOR, &entry.key_span, message, |d| {
                d.help("write { is: … } or { exists: true }")
            });
            return None;
        };
        if let Some(second) = operators.next() {
            let place = self.place(&first.key_span);
            let message = "a condition has one operator, and this is a second one";
            self.say(codes::ONE_OPERATOR, &second.key_span, message, |d| {
                d.help("write a condition of its own for each")
                    .related(place, "the first operator stands here")
            });
            return None;
        }
        Some(first)
    }

    fn only_for_paths(&mut self, value: &Node) {
        let Content::Map(entries) = &value.content else { return };
        for entry in entries.iter().filter(|entry| ["as", "some", "every"].contains(&entry.key.as_str())) {
            let message = format!("`{}` belongs to paths: the kind of a name is known", entry.key);
            self.say(codes::MISPLACED, &entry.key_span, message, |d| d.help("leave it out"));
        }
    }

    /// `exactly: true`: case counts.
    fn exactly(&mut self, value: &Node, kind: Kind, operator: &str) -> bool {
        const OF_TEXT: [&str; 8] =
            ["is", "is_not", "any_of", "none_of", "contains", "starts_with", "ends_with", "matches"];
        let Some(node) = value.member("exactly") else { return false };
        let exactly = self.boolean(node, "`exactly`").unwrap_or(false);
        let is_text = matches!(kind, Kind::Text | Kind::Texts) && OF_TEXT.contains(&operator);
        if !is_text {
            self.say(
                codes::MISPLACED,
                &node.span,
                "`exactly` is about the case of text, and this compares no text",
                |d| d.help("leave it out"),
            );
        }
        exactly
    }

    fn operator_on_path(
        &mut self,
        asked: &Entry,
        path: &Path,
        kind: Kind,
        exactly: bool,
    ) -> Option<Operator> {
        // What a path finds can be counted, and text may be an address: there is no kind for either.
        let kind = match asked.key.as_str() {
            "count" => Kind::Texts,
            "in_range" if kind == Kind::Text => Kind::Address,
            _ => kind,
        };
        self.operator(asked, path.as_str(), kind, exactly)
    }

    fn quantifier(&mut self, entry: &Entry, path: &Path, operator: &Operator) -> Option<Quantifier> {
        let mut said = None;
        for (key, quantifier) in [("some", Quantifier::Some), ("every", Quantifier::Every)] {
            let Some(node) = entry.value.member(key) else { continue };
            if !self.boolean(node, &format!("`{key}`"))? || said.is_some() {
                let message = "say `some: true` or `every: true`, not both and not `false`";
                self.say(codes::MISPLACED, &node.span, message, |d| d.help("leave the other one out"));
                return None;
            }
            said = Some((quantifier, node.span.clone()));
        }
        let needless = path.is_singular() || matches!(operator, Operator::Exists(_) | Operator::Count(_));
        match said {
            Some((_, span)) if needless => {
                let message =
                    "`some` and `every` are for comparing several values, and here is none to choose from";
                self.say(codes::MISPLACED, &span, message, |d| d.help("leave it out"));
                None
            }
            Some((quantifier, _)) => Some(quantifier),
            None if path.is_singular() => Some(Quantifier::Single),
            None if needless => Some(Quantifier::Some),
            None => {
                let message = "this path may find several values: say how many of them must pass";
                self.say(codes::QUANTIFIER, &entry.key_span, message, |d| {
                    d.expected("`some: true` or `every: true` beside the operator")
                        .help("some: at least one passes; every: each of them passes")
                });
                None
            }
        }
    }

    /// Reports an operator that does not exist.
    pub(super) fn unknown_operator(&mut self, asked: &Entry, known: &[&'static str]) {
        /// What people write who know other languages.
        const ELSEWHERE: [(&str, &str); 22] = [
            ("equals", "is"),
            ("eq", "is"),
            ("==", "is"),
            ("=", "is"),
            ("not", "is_not"),
            ("ne", "is_not"),
            ("!=", "is_not"),
            ("in", "any_of"),
            ("one_of", "any_of"),
            ("not_in", "none_of"),
            ("gte", "at_least"),
            (">=", "at_least"),
            ("min", "at_least"),
            ("lte", "at_most"),
            ("<=", "at_most"),
            ("max", "at_most"),
            ("gt", "more_than"),
            (">", "more_than"),
            ("lt", "less_than"),
            ("<", "less_than"),
            ("regex", "matches"),
            ("cidr", "in_range"),
        ];
        let key = asked.key.as_str();
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == key).map(|(_, ours)| *ours);
        let nearest = elsewhere.or_else(|| nearest::one(key, known.iter().copied()));
        self.say(codes::UNKNOWN_OPERATOR, &asked.key_span, format!("there is no operator `{key}`"), |d| {
            d.found(key).expected(format!("one of {}", known.join(", "))).nearest(nearest)
        });
    }
}

fn kind_of(read_as: AsKind) -> Kind {
    match read_as {
        AsKind::Text => Kind::Text,
        AsKind::Integer => Kind::Integer,
        AsKind::Number => Kind::Number,
        AsKind::Boolean => Kind::Boolean,
        AsKind::Time => Kind::Time,
    }
}
