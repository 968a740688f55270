//! Values that are kept for an alert over its runs: `keep` writes them, `alert.kept.…` reads them.

use std::collections::BTreeSet;

use quell_action::ParamKind;

use super::Check;
use super::flow::Found;
use super::references::{Output, Stage};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{SetStep, Verb};
use crate::names::Kind;
use crate::parse::{Node, Span};
use crate::{codes, nearest};

/// How many values one step keeps at most.
const MOST: usize = 20;

impl Check<'_> {
    /// `keep: { ticket: { from: open.number } }`.
    pub(super) fn keep(&mut self, node: &Node) -> Found {
        if self.starts.never_alert {
            let message = "values are kept for an alert, and no alert starts this playbook";
            self.say(codes::OUT_OF_SCOPE, &node.span, message, |d| {
                d.help("values for this run alone: `set`")
            });
            return (Vec::new(), None);
        }
        let Some(entries) = self.map(node, "`keep`") else { return (Vec::new(), None) };
        if entries.len() > MOST {
            let message = format!("a step keeps at most {MOST} values");
            self.say(codes::OUT_OF_BOUNDS, &node.span, message, |d| d.help("keep what a later run needs"));
            return (Vec::new(), None);
        }
        let mut outputs = Vec::new();
        let mut values = SetStep::new();
        let mut whole = !entries.is_empty();
        for entry in entries {
            let is_name = self.written_as_name(entry).is_some();
            let form = self.form(&entry.value, &ParamKind::Text, &format!("`{}`", entry.key));
            whole &= is_name && form.is_some();
            outputs.push(Output::new(&entry.key, Kind::Text));
            self.names.kept.insert(entry.key.clone());
            values.extend(form.map(|form| (entry.key.clone(), form)));
        }
        (outputs, whole.then_some(Verb::Keep(values)))
    }

    /// `alert.kept.ticket`: whether it is in scope here. Whether anybody keeps it is asked when all files are read.
    pub(super) fn kept_value(&mut self, name: &str, span: &Span) -> bool {
        if self.starts.never_alert {
            let message = format!("`alert.kept.{name}` is not in scope here");
            self.say(codes::OUT_OF_SCOPE, span, message, |d| d.help("no alert starts this playbook"));
            return false;
        }
        let is_late = matches!(self.names.stage, Stage::Steps | Stage::Always | Stage::Afterwards);
        if !is_late {
            let message = format!("`alert.kept.{name}` is not in scope here");
            self.say(codes::OUT_OF_SCOPE, span, message, |d| {
                d.help("a run may begin before another one has kept it: ask in `if`, which sees it as it is then")
            });
            return false;
        }
        self.names.kept_read.push((name.to_owned(), span.clone()));
        true
    }
}

/// Values that are read and that no playbook keeps.
pub(crate) fn never_kept(kept: &BTreeSet<String>, read: Vec<(String, Place)>) -> Vec<Diagnostic> {
    let missing = read.into_iter().filter(|(name, _)| !kept.contains(name));
    missing
        .map(|(name, place)| {
            let nearest = nearest::one(&name, kept.iter().map(String::as_str));
            let message = format!("no playbook that is loaded here keeps `{name}`");
            Diagnostic::error(codes::UNKNOWN_NAME, place, message)
                .found(format!("alert.kept.{name}"))
                .nearest(nearest.map(|name| format!("alert.kept.{name}")))
                .help(format!("keep it in a step: `keep: {{ {name}: {{ from: … }} }}`"))
        })
        .collect()
}
