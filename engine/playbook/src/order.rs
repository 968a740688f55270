//! The order in which files are checked: those that others call come before their callers, so that a caller is held
//! against what it calls. A circle has no such order, and is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::parse::{Content, Node, Span};

/// A file as far as the order needs it.
pub(crate) struct Calling<'a> {
    pub(crate) file: &'a str,
    pub(crate) source: &'a str,
    pub(crate) tree: Option<&'a Node>,
}

/// The positions of the files in the order in which they are checked, and every circle that was found.
pub(crate) fn order(files: &[Calling<'_>]) -> (Vec<usize>, Vec<Diagnostic>) {
    let mut walk = Walk {
        files,
        by_name: BTreeMap::new(),
        order: Vec::new(),
        done: BTreeSet::new(),
        path: Vec::new(),
        circles: Vec::new(),
    };
    for (position, file) in files.iter().enumerate() {
        if let Some(name) = file.tree.and_then(name_of) {
            walk.by_name.entry(name).or_insert(position);
        }
    }
    (0..files.len()).for_each(|position| walk.visit(position));
    (walk.order, walk.circles)
}

/// What the playbook in a tree is called.
pub(crate) fn name_of(tree: &Node) -> Option<&str> {
    tree.member("playbook")?.text()
}

struct Walk<'a, 'f> {
    files: &'f [Calling<'a>],
    by_name: BTreeMap<&'a str, usize>,
    order: Vec<usize>,
    done: BTreeSet<usize>,
    path: Vec<usize>,
    circles: Vec<Diagnostic>,
}

impl<'a> Walk<'a, '_> {
    fn visit(&mut self, position: usize) {
        if self.done.contains(&position) {
            return;
        }
        self.path.push(position);
        let calls = self.files[position].tree.map(calls_in).unwrap_or_default();
        for (called, span) in calls {
            let Some(next) = self.by_name.get(called).copied() else { continue };
            match self.path.iter().position(|before| *before == next) {
                Some(from) => self.circle(from, position, &span),
                None => self.visit(next),
            }
        }
        self.path.pop();
        self.done.insert(position);
        self.order.push(position);
    }

    fn circle(&mut self, from: usize, position: usize, span: &Span) {
        let name = |position: &usize| self.files[*position].tree.and_then(name_of).unwrap_or_default();
        let round: Vec<&str> = self.path[from..].iter().chain([&self.path[from]]).map(name).collect();
        let message = match round.as_slice() {
            [only, _] => format!("`{only}` calls itself"),
            round => format!("playbooks call one another in a circle: {}", round.join(" calls ")),
        };
        let Calling { file, source, .. } = &self.files[position];
        let place = Place::of(file, source, span.start, span.end);
        self.circles.push(
            Diagnostic::error(codes::CIRCLE, place, message)
                .help("take one of the calls out, or move what both need into a third playbook"),
        );
    }
}

/// The playbooks that a tree calls, with where it does.
fn calls_in(tree: &Node) -> Vec<(&str, Span)> {
    let mut found = Vec::new();
    for part in ["steps", "always", "afterwards"].iter().filter_map(|part| tree.member(part)) {
        gather(part, &mut found);
    }
    found
}

fn gather<'n>(steps: &'n Node, found: &mut Vec<(&'n str, Span)>) {
    let Content::List(members) = &steps.content else { return };
    for step in members {
        if let Some(node) = step.member("run")
            && let Some(name) = node.text()
        {
            found.push((name, node.span.clone()));
        }
        for below in ["parallel", "steps", "otherwise", "choose"].iter().filter_map(|key| step.member(key)) {
            gather(below, found);
        }
    }
}
