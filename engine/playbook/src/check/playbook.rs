//! A whole playbook: its keys, what it is called, when it starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Check;
use super::lanes::Lanes;
use super::options::Defaults;
use super::references::{RESERVED, Stage};
use super::shape::{Fields, Keys};
use super::words::NameForm;
use crate::codes;
use crate::model::{ContentHash, Mode, Playbook, PlaybookName, Step, Verb};
use crate::nearest;
use crate::parse::{Content, Node};

pub(crate) const PLAYBOOK: Keys = Keys {
    what: "a playbook",
    known: &[
        "language",
        "playbook",
        "title",
        "owner",
        "description",
        "labels",
        "severity_note",
        "mode",
        "when",
        "inputs",
        "once_per",
        "for_each",
        "unless",
        "deadline",
        "limits",
        "approval",
        "defaults",
        "steps",
        "always",
        "afterwards",
        "outputs",
    ],
    required: &["language", "playbook", "title", "when", "steps"],
};

const MODES: [(&str, Mode); 4] =
    [("disabled", Mode::Disabled), ("observe", Mode::Observe), ("ask", Mode::Ask), ("act", Mode::Act)];

impl Check<'_> {
    /// The playbook in a file.
    pub(super) fn playbook(&mut self, tree: &Node) -> Option<Playbook> {
        let fields = self.fields(tree, &PLAYBOOK)?;
        let language = fields.get("language").and_then(|node| self.language(node));
        let name = fields.get("playbook").and_then(|node| self.playbook_name(node));
        let title = fields.get("title").and_then(|node| self.text_for_people(node, "`title`"));
        let texts = self.texts_for_people(&fields);
        let approval = self.approval(&fields);
        let limits = self.limits(&fields);
        let mode = match fields.get("mode") {
            Some(node) => self.mode(node),
            None => Some(Mode::default()),
        };
        self.is_disabled = mode == Some(Mode::Disabled);
        let when = fields.get("when").and_then(|node| self.when(node));
        let inputs = self.inputs(fields.get("inputs"));
        self.started_whole(when.as_ref(), inputs.as_ref(), &fields);
        let lanes = self.lanes(&fields);
        let once_per = fields.get("once_per").map(|node| self.once_per(node));
        let deadline = fields.get("deadline").map_or(Some(Playbook::DEADLINE), |node| self.deadline(node));
        let defaults = fields.get("defaults").map_or_else(Defaults::default, |node| self.defaults(node));
        self.find_steps(&fields);
        let steps = fields.get("steps").and_then(|node| self.steps(node, "`steps`", Stage::Steps, &defaults));
        let always = match fields.get("always") {
            Some(node) => self.steps(node, "`always`", Stage::Always, &defaults),
            None => Some(Vec::new()),
        };
        let afterwards = self.afterwards(&fields, &defaults);
        let outputs = self.outputs_of_playbook(fields.get("outputs"));
        self.answers_count(fields.get("approval"));
        language?;
        let (mut steps, mut always, mut afterwards) = (steps?, always?, afterwards?);
        number([&mut steps, &mut always, &mut afterwards]);
        let Lanes { for_each, unless, unless_unknown } = lanes?;
        Some(Playbook {
            name: PlaybookName(name?),
            title: title?,
            description: texts.description,
            owner: texts.owner,
            labels: texts.labels,
            severity_note: texts.severity_note,
            mode: mode?,
            when: when?,
            inputs: inputs?,
            once_per: once_per.map_or(Some(None), |found| found.map(Some))?,
            for_each,
            unless,
            unless_unknown,
            deadline: deadline?,
            limits: limits?,
            approval: approval?,
            steps,
            always,
            afterwards,
            outputs: outputs?,
            reads_kept: !self.names.kept_read.is_empty(),
            source: Arc::clone(self.source),
            hash: hash(self.source),
        })
    }

    fn mode(&mut self, node: &Node) -> Option<Mode> {
        let mode = self.word(node, "`mode`", &MODES)?;
        if mode == Mode::Ask {
            self.somebody_to_ask(&node.span, "`mode: ask`")?;
        }
        Some(mode)
    }

    /// Steps for the run as a whole: there is nobody in scope, and nothing of what was done for one of them.
    fn afterwards(&mut self, fields: &Fields<'_>, defaults: &Defaults) -> Option<Vec<Step>> {
        // A playbook that goes through nothing has one lane: what was done in it can be given back.
        if fields.entry("for_each").is_none() {
            self.names.of_run.clone_from(&self.names.done);
        }
        let Some(node) = fields.get("afterwards") else {
            self.names.done.clear();
            return Some(Vec::new());
        };
        self.names.entities.clear();
        self.names.entity_is_unclear = false;
        self.names.done.clear();
        self.steps(node, "`afterwards`", Stage::Afterwards, defaults)
    }

    fn deadline(&mut self, node: &Node) -> Option<Duration> {
        let deadline =
            self.span(node, "`deadline`", Duration::from_secs(60)..=Duration::from_secs(90 * 86_400))?;
        self.deadline = deadline;
        Some(deadline)
    }

    fn language(&mut self, node: &Node) -> Option<()> {
        if node.content == Content::Integer(1) {
            return Some(());
        }
        let words = self.words(&node.span).to_owned();
        self.say(
            codes::LANGUAGE,
            &node.span,
            format!("`{words}` is no version of the language that is known"),
            |d| d.expected("1, without quotes"),
        );
        None
    }

    fn playbook_name(&mut self, node: &Node) -> Option<String> {
        let name = self.name(node, "the name of a playbook", NameForm::Playbook)?;
        let file = self.file.rsplit(['/', '\\']).next().unwrap_or(self.file);
        let stem = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"));
        if let Some(stem) = stem.filter(|stem| *stem != name) {
            let message = format!("the playbook is called `{name}` and its file `{file}`");
            self.say(codes::FILE_NAME, &node.span, message, |d| {
                d.help(format!("call the file {name}.yaml, or the playbook {stem}"))
            });
        }
        Some(name)
    }

    fn texts_for_people(&mut self, fields: &Fields<'_>) -> Texts {
        let mut text =
            |key: &str| fields.get(key).and_then(|node| self.text_for_people(node, &format!("`{key}`")));
        let description = text("description");
        let severity_note = text("severity_note");
        let owner = text("owner");
        if let (Some(owner), Some(node)) = (&owner, fields.get("owner")) {
            self.team(owner, node);
        }
        let labels = fields
            .get("labels")
            .and_then(|node| self.list(node, "`labels`"))
            .map_or_else(Vec::new, |members| {
                members.iter().filter_map(|member| self.text(member, "a label")).collect()
            });
        Texts { description, severity_note, owner, labels }
    }

    /// A team of the site.
    pub(super) fn team(&mut self, team: &str, node: &Node) {
        let teams = &self.site.surroundings.teams;
        if teams.is_empty() || teams.contains_key(team) {
            return;
        }
        let names: Vec<&str> = teams.keys().map(String::as_str).collect();
        let nearest = nearest::one(team, names.iter().copied()).map(str::to_owned);
        let expected = format!("one of {}", names.join(", "));
        self.say(codes::UNKNOWN_TEAM, &node.span, format!("the site has no team `{team}`"), |d| {
            d.found(team).expected(expected).nearest(nearest)
        });
    }

    /// Notes where every step with an id stands, so that a name used too early is told from one that does not exist.
    fn find_steps(&mut self, fields: &Fields<'_>) {
        for part in ["steps", "always", "afterwards"].iter().filter_map(|part| fields.get(part)) {
            for id in ids_in(part) {
                let Some(name) = id.text() else { continue };
                if RESERVED.contains(&name) {
                    let message = format!("a step cannot be called `{name}`: the name means something else");
                    self.say(codes::STEP_ID_TAKEN, &id.span, message, |d| d.help("choose another id"));
                    continue;
                }
                if let Some(first) = self.names.steps.get(name).cloned() {
                    let place = self.place(&first);
                    let message = format!("two steps are called `{name}`");
                    self.say(codes::STEP_ID_TAKEN, &id.span, message, |d| {
                        d.help("choose another id; it may also be left out")
                            .related(place, "the first stands here")
                    });
                    continue;
                }
                self.names.steps.insert(name.to_owned(), id.span.clone());
            }
        }
    }
}

struct Texts {
    description: Option<String>,
    severity_note: Option<String>,
    owner: Option<String>,
    labels: Vec<String>,
}

/// The ids of a list of steps and of all below them.
fn ids_in(list: &Node) -> Vec<&Node> {
    let Content::List(members) = &list.content else { return Vec::new() };
    let of_step = |step| Node::member(step, "id").into_iter().chain(ids_below(step));
    members.iter().flat_map(of_step).collect()
}

fn ids_below(step: &Node) -> Vec<&Node> {
    let lists = ["parallel", "steps", "otherwise"].into_iter().filter_map(|key| step.member(key));
    let ways = match step.member("choose").map(|node| &node.content) {
        Some(Content::List(ways)) => ways.as_slice(),
        _ => &[],
    };
    lists.flat_map(ids_in).chain(ways.iter().flat_map(ids_below)).collect()
}

/// Gives each step without an id one that no other step has: what it does, and a number where that is not enough.
fn number(parts: [&mut [Step]; 3]) {
    let all = parts.iter().flat_map(|part| Step::all_in(part));
    let mut taken: BTreeSet<String> =
        all.filter(|step| step.is_named).map(|step| step.id.0.clone()).collect();
    parts.into_iter().for_each(|part| number_all(part, &mut taken));
}

fn number_all(steps: &mut [Step], taken: &mut BTreeSet<String>) {
    for step in steps {
        if !step.is_named {
            let base = step.id.0.clone();
            let mut number = 1;
            while taken.contains(&step.id.0) {
                number += 1;
                step.id.0 = format!("{base}_{number}");
            }
            taken.insert(step.id.0.clone());
        }
        match &mut step.verb {
            Verb::Parallel(steps) => number_all(steps, taken),
            Verb::ForEach(each) => number_all(&mut each.steps, taken),
            Verb::Choose(ways) => ways.iter_mut().for_each(|way| number_all(&mut way.steps, taken)),
            Verb::Do(_) | Verb::Ask(_) | Verb::Wait(_) | Verb::Run(_) => {}
            Verb::Set(_) | Verb::Keep(_) | Verb::Stop(_) => {}
        }
    }
}

fn hash(source: &str) -> ContentHash {
    let digest = Sha256::digest(source.as_bytes());
    ContentHash(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
