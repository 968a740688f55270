//! `do`: the action exists, is offered here, has something to act on, and gets the parameters that it takes.

use std::collections::BTreeMap;

use quell_action::{ActionInfo, ActionName, Catalogue, ParamSpec, TargetKind, TextFormat, lists};
use quell_alert::{EntityKind, Provider};
use serde_json::Value;

use super::Check;
use super::options::Defaults;
use super::references::{Output, Stage};
use super::shape::Fields;
use crate::model::{DoStep, Form, UndoRule};
use crate::parse::{Entry, Node, Span};
use crate::{codes, names, nearest};

impl<'a> Check<'a> {
    /// An action with everything that goes with it.
    pub(super) fn do_step(&mut self, fields: &Fields<'_>, defaults: &Defaults) -> Option<DoStep> {
        let node = fields.get("do")?;
        let time_limit =
            fields.get("timeout").map_or(Some(defaults.time_limit), |node| self.time_limit(node));
        let retry = fields.get("retry").map_or(Some(defaults.retry), |node| self.retry(node, defaults.retry));
        let undo = fields.get("undo").map_or(Some(UndoRule::default()), |node| self.undo(node));
        let approval = fields.get("approval").map(|node| self.step_approval(node));
        let verify = fields.get("verify").map(|node| self.verify(node));
        let rate = fields.get("rate").map(|node| self.rate(node));
        let name = self.text(node, "`do`")?;
        let offered = self.offered(&name, &node.span)?;
        let target = offered.first()?.spec.target;
        let has_target = self.target_in_scope(&name, target, &node.span);
        let using = fields.get("using").map(|node| self.using(&name, node));
        let offered = match using.as_ref().and_then(Option::as_ref) {
            Some((connection, _)) => self.offered_by(connection, &name).unwrap_or(offered),
            None => offered,
        };
        let at = fields.get("at").map_or(Some(Vec::new()), |node| self.providers(&name, &offered, node));
        let chosen =
            |info: &&ActionInfo| at.as_ref().is_none_or(|at| at.is_empty() || at.contains(&info.provider()));
        let concerned: Vec<&ActionInfo> = offered.into_iter().filter(chosen).collect();
        self.names.given = true;
        let with = self.with(&name, target, &concerned, fields.get("with"), &node.span);
        self.names.given = false;
        if let (Some(UndoRule::After(_)), Some(entry)) = (undo, fields.entry("undo")) {
            self.reversible(&name, &concerned, &entry.key_span);
        }
        if let (Some(Some(_)), Some(entry)) = (verify, fields.entry("verify")) {
            self.readable(&name, &concerned, &entry.key_span);
        }
        if let (Some(Some((_, Some(hold)))), Some(node)) = (verify, fields.get("verify")) {
            self.can_hold(hold, node, undo.zip(fields.get("undo")))?;
        }
        let informs = fields.entry("impact").map(|entry| self.impact(&name, &concerned, entry));
        Some(DoStep {
            action: ActionName(name),
            target: has_target.then_some(target)?,
            at: at?,
            using: using.map_or(Some(None), |using| using.map(|(connection, _)| Some(connection)))?,
            with: with?,
            time_limit: time_limit?,
            retry: retry?,
            undo: undo?,
            verify_within: verify.map_or(Some(None), |verify| verify.map(|(within, _)| Some(within)))?,
            hold: verify.flatten().and_then(|(_, hold)| hold),
            per_minute: rate.map_or(Some(None), |rate| rate.map(Some))?,
            informs: informs.unwrap_or(Some(false))?,
            approval: approval.map_or(Some(None), |approval| approval.map(Some))?,
        })
    }

    /// What the action gives to later steps.
    pub(super) fn outputs(&self, name: &str) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        for output in self.site.catalogue.named(name).flat_map(|info| &info.outputs) {
            if !outputs.iter().any(|known| known.name == output.name) {
                outputs.push(Output::declared(output));
            }
        }
        outputs
    }

    /// The action at each provider that has it here.
    fn offered(&mut self, name: &str, span: &Span) -> Option<Vec<&'a ActionInfo>> {
        let site = self.site;
        let offered: Vec<&ActionInfo> = site.catalogue.iter().filter(|info| info.spec.name == name).collect();
        if !offered.is_empty() {
            return Some(offered);
        }
        let known: Vec<&ActionInfo> =
            site.surroundings.known.iter().filter(|info| info.spec.name == name).collect();
        if !known.is_empty() {
            let providers: Vec<&str> = known.iter().map(|info| info.spec.provider).collect();
            let message = format!("no configured connector offers `{name}`");
            let help = format!("configure a connector for {}, or take the step out", providers.join(" or "));
            // A disabled playbook starts for nothing: it may wait for its connector, checked all the same.
            if self.is_disabled {
                self.warn(codes::NOT_CONFIGURED, span, message, &help);
                return Some(known);
            }
            self.say(codes::NOT_CONFIGURED, span, message, |d| d.help(help));
            return None;
        }
        let all = site.catalogue.iter().chain(site.surroundings.known.iter()).map(|info| info.spec.name);
        let nearest = nearest::one(name, all);
        self.say(codes::UNKNOWN_ACTION, span, format!("there is no action `{name}`"), |d| {
            d.found(name).nearest(nearest).help("`quell actions` lists what there is")
        });
        None
    }

    /// The action as one connection of the site offers it; nothing where the connections are not known.
    fn offered_by(&self, connection: &str, action: &str) -> Option<Vec<&'a ActionInfo>> {
        let site = self.site;
        let catalogue = site.surroundings.connections.as_ref()?.get(connection)?;
        Some(catalogue.iter().filter(|info| info.spec.name == action).collect())
    }

    /// A step that acts on an account takes the account of its lane: there must be one.
    fn target_in_scope(&mut self, action: &str, target: TargetKind, span: &Span) -> bool {
        let Some(kind) = entity_of(target) else { return true };
        if self.names.entities.contains(&kind) || self.names.entity_is_unclear {
            return true;
        }
        let root = names::root_of(kind);
        let message = match self.names.entities.last() {
            Some(other) => {
                format!(
                    "`{action}` acts on {}, and this playbook goes through each {}",
                    article(kind),
                    names::root_of(*other)
                )
            }
            None => format!("`{action}` acts on {}, and there is none here", article(kind)),
        };
        let stage = self.names.stage;
        self.say(codes::NO_TARGET, span, message, |d| match stage {
            Stage::Afterwards => d.help("`afterwards` is about the whole run: do it in `steps` or `always`"),
            _ => d.help(format!("add `for_each: {root}` to the playbook")),
        });
        false
    }

    /// `using`: a connection of the site that offers the action, and where; nothing is said of where if the site's
    /// connections are not known.
    fn using(&mut self, action: &str, node: &Node) -> Option<(String, Vec<Provider>)> {
        let name = self.text(node, "`using`")?;
        let Some(connections) = &self.site.surroundings.connections else { return Some((name, Vec::new())) };
        let does = |offered: &Catalogue| offered.named(action).map(ActionInfo::provider).collect::<Vec<_>>();
        let providers = connections.get(&name).map(does);
        if let Some(providers) = providers.as_ref().filter(|providers| !providers.is_empty()) {
            return Some((name, providers.clone()));
        }
        let able =
            || connections.iter().filter(|(_, offered)| !does(offered).is_empty()).map(|(name, _)| name);
        let expected = match able().next() {
            Some(_) => format!("one of {}", able().cloned().collect::<Vec<_>>().join(", ")),
            None => format!("the name of a connector that offers `{action}`; there is none here"),
        };
        let nearest = nearest::one(&name, able().map(String::as_str));
        let message = match providers {
            Some(_) => format!("the connector `{name}` does not offer `{action}`"),
            None => format!("there is no connector `{name}` here"),
        };
        self.say(codes::UNKNOWN_CONNECTION, &node.span, message, |d| {
            d.found(name).expected(expected).nearest(nearest)
        });
        None
    }

    /// `at`: providers that offer the action.
    fn providers(&mut self, action: &str, offered: &[&ActionInfo], node: &Node) -> Option<Vec<Provider>> {
        let members = self.list(node, "`at`")?;
        let providers: Vec<Option<Provider>> = members
            .iter()
            .enumerate()
            .map(|(position, member)| {
                let name = self.text(member, "a provider")?;
                if members[..position].iter().any(|earlier| earlier.text() == Some(&name)) {
                    self.say(
                        codes::PROVIDER,
                        &member.span,
                        format!("`{name}` stands in the list twice"),
                        |d| d.help("take one out"),
                    );
                    return None;
                }
                self.provider(action, offered, &name, &member.span)
            })
            .collect();
        providers.into_iter().collect()
    }

    fn provider(
        &mut self,
        action: &str,
        offered: &[&ActionInfo],
        name: &str,
        span: &Span,
    ) -> Option<Provider> {
        if offered.iter().any(|info| info.spec.provider == name) {
            return Some(Provider::from(name));
        }
        let here: Vec<&str> = offered.iter().map(|info| info.spec.provider).collect();
        if providers_of(&self.site.surroundings.known, action).contains(&name) {
            let message = format!("no configured connector offers `{action}` at `{name}`");
            self.say(codes::NOT_CONFIGURED, span, message, |d| {
                d.expected(format!("one of {}", here.join(", ")))
                    .help(format!("configure a connector for {name}, or take it out"))
            });
            return None;
        }
        let nearest = nearest::one(name, here.iter().copied());
        let refused = self.site.surroundings.refused.iter();
        let reason = refused
            .filter(|one| one.action == action)
            .find(|one| one.provider == name)
            .map(|one| one.because);
        self.say(codes::PROVIDER, span, format!("`{name}` does not offer `{action}`"), |d| {
            let said = d.found(name).expected(format!("one of {}", here.join(", "))).nearest(nearest);
            match reason {
                Some(reason) => said.help(reason),
                None => said,
            }
        });
        None
    }

    /// `with`: every parameter known to every provider concerned, every required one there, each of its kind.
    fn with(
        &mut self,
        action: &str,
        target: TargetKind,
        concerned: &[&ActionInfo],
        node: Option<&Node>,
        action_span: &Span,
    ) -> Option<BTreeMap<String, Form>> {
        let entries = match node {
            Some(node) => self.map(node, "`with`")?,
            None => &[],
        };
        let mut whole = true;
        let mut with = BTreeMap::new();
        for entry in entries {
            if entity_of(target).is_some_and(|kind| names::root_of(kind) == entry.key) {
                whole &= self.target(entry);
                continue;
            }
            let form = self.parameter(action, target, concerned, entry);
            whole &= form.is_some();
            if let Some(form) = form {
                with.insert(entry.key.clone(), form);
            }
        }
        let missing = missing(concerned, entries);
        for (param, provider) in &missing {
            let message = format!("`{action}` at {provider} needs `{}`", param.name);
            let expected = format!("`{}: …` under `with`: {}", param.name, param.kind.word());
            self.say(codes::MISSING_PARAMETER, action_span, message, |d| match param.summary.as_str() {
                "" => d.expected(expected),
                summary => d.expected(expected).help(format!("`{}` means: {summary}", param.name)),
            });
        }
        if !whole || !missing.is_empty() {
            return None;
        }
        self.together(concerned, &with, entries, node.map_or(action_span, |node| &node.span));
        Some(with)
    }

    /// `account: account`: an entity in scope, never a text.
    fn target(&mut self, entry: &Entry) -> bool {
        let key = entry.key.as_str();
        if entry.value.text() == Some(key) {
            return true;
        }
        let message = format!("`{key}` takes the {key} of the lane, and no text can stand for it");
        self.say(codes::TEXT_AS_TARGET, &entry.value.span, message, |d| {
            d.expected(format!("{key}: {key}"))
                .help("it may also be left out; to choose among several, use `where` of `for_each`")
        });
        false
    }

    fn parameter(
        &mut self,
        action: &str,
        target: TargetKind,
        concerned: &[&ActionInfo],
        entry: &Entry,
    ) -> Option<Form> {
        let without = concerned.iter().find(|info| !info.params.iter().any(|param| param.name == entry.key));
        if let Some(info) = without {
            let names: Vec<&str> = info.params.iter().map(|param| param.name.as_str()).collect();
            let nearest = nearest::one(&entry.key, names.iter().copied()).map(str::to_owned);
            let message = format!("`{action}` at {} has no parameter `{}`", info.spec.provider, entry.key);
            let expected = match (names.as_slice(), entity_of(target)) {
                ([], _) => "nothing: it takes no parameters".to_owned(),
                (names, _) => format!("one of {}", names.join(", ")),
            };
            self.say(codes::UNKNOWN_PARAMETER, &entry.key_span, message, |d| {
                d.found(entry.key.clone()).expected(expected).nearest(nearest)
            });
            return None;
        }
        if lists::is_about_lists(action) && entry.key == lists::LIST {
            return self.list_of_site(&entry.value).map(|name| Form::Literal(Value::from(name)));
        }
        let kinds =
            concerned.iter().filter_map(|info| info.params.iter().find(|param| param.name == entry.key));
        let mut form = None;
        for param in kinds {
            self.format = param.format;
            let found = self.form(&entry.value, &param.kind, &format!("`{}`", entry.key));
            self.format = TextFormat::Plain;
            let named = param.names.as_ref().is_none_or(|names| self.names_one(action, entry, names));
            form = Some(found.filter(|_| named)?);
        }
        form
    }

    fn readable(&mut self, action: &str, concerned: &[&ActionInfo], span: &Span) {
        if let Some(info) = concerned.iter().find(|info| !info.spec.readable) {
            let message =
                format!("whether `{action}` at {} has happened cannot be read back", info.spec.provider);
            self.say(codes::NOT_READABLE, span, message, |d| {
                d.help("take `verify` out, or name in `at` only providers where it can be read back")
            });
        }
    }

    fn reversible(&mut self, action: &str, concerned: &[&ActionInfo], span: &Span) {
        if let Some(info) = concerned.iter().find(|info| info.spec.undo.is_none()) {
            let message = format!("`{action}` at {} cannot be undone", info.spec.provider);
            self.say(codes::IRREVERSIBLE, span, message, |d| {
                d.help("take `undo` out, or name in `at` only providers where it can be undone")
            });
        }
    }
}

/// The kind of entity that an action acts on.
fn entity_of(target: TargetKind) -> Option<EntityKind> {
    match target {
        TargetKind::Account => Some(EntityKind::Account),
        TargetKind::Device => Some(EntityKind::Device),
        TargetKind::None => None,
    }
}

fn article(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => "an account",
        _ => "a device",
    }
}

fn providers_of<'c>(catalogue: &'c Catalogue, action: &str) -> Vec<&'c str> {
    catalogue.iter().filter(|info| info.spec.name == action).map(|info| info.spec.provider).collect()
}

/// Required parameters that are not there, each with a provider that needs it.
fn missing<'i>(concerned: &[&'i ActionInfo], entries: &[Entry]) -> Vec<(&'i ParamSpec, &'static str)> {
    let mut missing: Vec<(&ParamSpec, &'static str)> = Vec::new();
    for info in concerned {
        for param in info.params.iter().filter(|param| param.required) {
            // A name that was nearly right has been reported: the parameter is not missing as well.
            let names = info.params.iter().map(|param| param.name.as_str());
            let means = |entry: &Entry| nearest::one(&entry.key, names.clone()) == Some(&param.name);
            let there = entries.iter().any(|entry| entry.key == param.name || means(entry));
            if !there && !missing.iter().any(|(known, _)| known.name == param.name) {
                missing.push((param, info.spec.provider));
            }
        }
    }
    missing
}
