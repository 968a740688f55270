//! A tree to a [`Playbook`], or to all that is wrong with it at once.
//!
//! One file a group of rules. Every rule reports and goes on, so that an author sees everything in one go; a playbook
//! comes out only when nothing at error level was said.

mod above;
mod across;
mod actions;
mod apart;
pub(crate) mod asking;
pub(crate) mod calls;
mod carrying;
mod clash;
pub(crate) mod conditions;
pub(crate) mod flow;
mod forms;
pub(crate) mod inputs;
mod kept;
pub(crate) mod lanes;
pub(crate) mod limits;
mod lists;
pub(crate) mod once;
pub(crate) mod operators;
pub(crate) mod options;
pub(crate) mod playbook;
mod references;
pub(crate) mod shape;
pub(crate) mod steps;
mod subjects;
mod together;
pub(crate) mod triggers;
mod values;
mod words;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{Catalogue, TextFormat};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Place};
use crate::load::Surroundings;
use crate::model::Playbook;
use crate::parse::{Node, Span};

pub(crate) use across::check_across;
pub(crate) use calls::Callee;

/// The playbooks that others may call, by name.
pub(crate) type Callees = BTreeMap<String, Callee>;
pub(crate) use kept::never_kept;

/// What a file came to.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The playbook, where nothing keeps it from running.
    pub(crate) playbook: Option<Playbook>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where its name stands.
    pub(crate) name_place: Option<Place>,
    /// The names under which it keeps values for the alert.
    pub(crate) kept: BTreeSet<String>,
    /// Those that it reads, and where.
    pub(crate) kept_read: Vec<(String, Place)>,
}

/// What a file is checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// What can be done here.
    pub(crate) catalogue: &'a Catalogue,
    /// What else is known.
    pub(crate) surroundings: &'a Surroundings,
    /// The playbooks that it may call, by name.
    pub(crate) callees: &'a Callees,
}

/// Checks one file.
pub(crate) fn check(file: &str, source: &Arc<str>, tree: &Node, site: Site<'_>) -> Checked {
    let mut check = Check {
        file,
        source,
        site,
        found: Vec::new(),
        names: references::Names::default(),
        is_disabled: false,
        approvers: asking::Approvers::default(),
        deadline: Playbook::DEADLINE,
        starts: triggers::Starts::default(),
        format: TextFormat::Plain,
    };
    let playbook = check.playbook(tree);
    let name_place = tree.member("playbook").map(|node| check.place(&node.span));
    let whole = !check.found.iter().any(Diagnostic::is_error);
    let place = |(name, span): &(String, Span)| (name.clone(), check.place(span));
    let kept_read = check.names.kept_read.iter().map(place).collect();
    Checked {
        playbook: playbook.filter(|_| whole),
        kept: check.names.kept,
        kept_read,
        diagnostics: check.found,
        name_place,
    }
}

/// The work on one file.
struct Check<'a> {
    file: &'a str,
    source: &'a Arc<str>,
    site: Site<'a>,
    found: Vec<Diagnostic>,
    names: references::Names,
    /// Whether its mode is `disabled`.
    is_disabled: bool,
    /// Whom the playbook asks.
    approvers: asking::Approvers,
    /// How long a run may take.
    deadline: Duration,
    /// What can start it.
    starts: triggers::Starts,
    /// In which format the text of the parameter at hand is read.
    format: TextFormat,
}

impl Check<'_> {
    fn place(&self, span: &Span) -> Place {
        Place::of(self.file, self.source, span.start, span.end)
    }

    /// Reports an error; `more` adds what helps.
    fn say(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let diagnostic = Diagnostic::error(code, self.place(span), message);
        self.found.push(more(diagnostic));
    }

    /// Reports a warning.
    fn warn(&mut self, code: Code, span: &Span, message: impl Into<String>, help: &str) {
        self.found.push(Diagnostic::warning(code, self.place(span), message).help(help));
    }

    /// What is said at a place, however it is spaced.
    fn said(&self, span: &Span) -> Vec<&str> {
        self.source.get(span.clone()).unwrap_or_default().split_whitespace().collect()
    }

    /// The words at a place, for showing them.
    fn words(&self, span: &Span) -> &str {
        let words = self.source.get(span.clone()).unwrap_or_default();
        words.lines().next().unwrap_or_default()
    }
}
