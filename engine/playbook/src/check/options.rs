//! What goes for a step: its time limit, its retries, what an error means, its undo.

use std::time::Duration;

use quell_action::ActionInfo;

use super::Check;
use super::shape::Keys;
use crate::codes;
use crate::model::{OnError, Retry, RetryOn, UndoRule};
use crate::parse::{Content, Entry, Node};

pub(crate) const DEFAULTS: Keys = Keys { what: "`defaults`", known: &["timeout", "retry"], required: &[] };

pub(crate) const RETRY: Keys =
    Keys { what: "`retry`", known: &["attempts", "first_wait", "max_wait", "on"], required: &[] };

pub(crate) const UNDO: Keys = Keys { what: "`undo`", known: &["after", "unless"], required: &["after"] };

pub(crate) const VERIFY: Keys = Keys { what: "`verify`", known: &["within", "hold"], required: &["within"] };

pub(crate) const RATE: Keys = Keys { what: "`rate`", known: &["per_minute"], required: &["per_minute"] };

/// What the author of a call can say of it. Without it, whoever it is about is asked of the exclusion list.
pub(crate) const IMPACT: [(&str, bool); 1] = [("informing", true)];

/// After what an attempt can be made again.
pub(crate) const RETRY_ON: [&str; 3] = ["throttled", "unavailable", "timeout"];

/// What goes for every step that does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) time_limit: Duration,
    pub(super) retry: Retry,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { time_limit: Duration::from_secs(30), retry: Retry::default() }
    }
}

impl Check<'_> {
    /// `defaults`.
    pub(super) fn defaults(&mut self, node: &Node) -> Defaults {
        let mut defaults = Defaults::default();
        let Some(fields) = self.fields(node, &DEFAULTS) else { return defaults };
        if let Some(limit) = fields.get("timeout").and_then(|node| self.time_limit(node)) {
            defaults.time_limit = limit;
        }
        if let Some(retry) = fields.get("retry").and_then(|node| self.retry(node, defaults.retry)) {
            defaults.retry = retry;
        }
        defaults
    }

    /// `impact: informing`: the author's word that a call takes nothing away from anybody.
    pub(super) fn impact(&mut self, action: &str, concerned: &[&ActionInfo], entry: &Entry) -> Option<bool> {
        if concerned.iter().all(|info| !info.may_disrupt) {
            let message = format!("what `{action}` does is known: `impact` says nothing about it");
            self.say(codes::MISPLACED, &entry.key_span, message, |d| {
                d.help("leave it out; it goes with calls of which only their author knows what they do")
            });
            return None;
        }
        self.word(&entry.value, "`impact`", &IMPACT)
    }

    /// `timeout`: for one attempt.
    pub(super) fn time_limit(&mut self, node: &Node) -> Option<Duration> {
        self.span(node, "`timeout`", Duration::from_millis(100)..=Duration::from_secs(3_600))
    }

    /// `retry`, on top of what goes otherwise.
    pub(super) fn retry(&mut self, node: &Node, otherwise: Retry) -> Option<Retry> {
        let fields = self.fields(node, &RETRY)?;
        let waits = Duration::from_millis(10)..=Duration::from_secs(86_400);
        let attempts = fields.get("attempts").map(|node| self.whole(node, "`attempts`", 1..=100));
        let first_wait = fields.get("first_wait").map(|node| self.span(node, "`first_wait`", waits.clone()));
        let max_wait = fields.get("max_wait").map(|node| self.span(node, "`max_wait`", waits.clone()));
        let on = fields.get("on").map(|node| self.retry_on(node));
        let mut retry = otherwise;
        if let Some(on) = on {
            retry.on = on?;
        }
        if let Some(attempts) = attempts {
            retry.attempts = u32::try_from(attempts?).unwrap_or(retry.attempts);
        }
        if let Some(first_wait) = first_wait {
            retry.first_wait = first_wait?;
            // Whoever writes a longer first wait and no longest one means at least that long.
            retry.max_wait = retry.max_wait.max(retry.first_wait);
        }
        if let (Some(max_wait), Some(node)) = (max_wait, fields.get("max_wait")) {
            retry.max_wait = max_wait?;
            if retry.max_wait < retry.first_wait {
                let message = "`max_wait` is shorter than `first_wait`";
                let expected = format!("{} or more", crate::duration::write(retry.first_wait));
                self.say(codes::OUT_OF_BOUNDS, &node.span, message, |d| d.expected(expected));
                return None;
            }
        }
        Some(retry)
    }

    /// `on_error`.
    pub(super) fn on_error(&mut self, node: &Node) -> Option<OnError> {
        self.word(node, "`on_error`", &[("stop", OnError::Stop), ("continue", OnError::Continue)])
    }

    /// `on: [throttled, unavailable, timeout]`.
    fn retry_on(&mut self, node: &Node) -> Option<RetryOn> {
        let words: [(&'static str, &'static str); 3] = RETRY_ON.map(|word| (word, word));
        let mut on = RetryOn::NONE;
        for member in self.list(node, "`on`")? {
            match self.word(member, "`on` of `retry`", &words)? {
                "throttled" => on.throttled = true,
                "unavailable" => on.unavailable = true,
                _ => on.timeout = true,
            }
        }
        Some(on)
    }

    /// `verify: { within: 5m, hold: 30m }`: until when it is seen, and how long it must last.
    pub(super) fn verify(&mut self, node: &Node) -> Option<(Duration, Option<Duration>)> {
        let fields = self.fields(node, &VERIFY)?;
        let within = fields.get("within").and_then(|node| {
            self.span(node, "`within`", Duration::from_secs(1)..=Duration::from_secs(3_600))
        });
        let hold = fields
            .get("hold")
            .map(|node| self.span(node, "`hold`", Duration::from_secs(60)..=Duration::from_secs(7 * 86_400)));
        Some((within?, hold.map_or(Some(None), |hold| hold.map(Some))?))
    }

    /// What is taken back, or cut short by the deadline, before it can have held for so long.
    pub(super) fn can_hold(
        &mut self,
        hold: Duration,
        node: &Node,
        undo: Option<(UndoRule, &Node)>,
    ) -> Option<()> {
        let long = crate::duration::write(hold);
        let message = format!("it is to hold for {long}, and");
        if let Some((UndoRule::After(after), undo)) =
            undo.filter(|(rule, _)| matches!(rule, UndoRule::After(after) if *after <= hold))
        {
            let message = format!("{message} is taken back after {}", crate::duration::write(after));
            self.say(codes::OUT_OF_BOUNDS, &undo.span, message, |d| d.expected(format!("more than {long}")));
            return None;
        }
        if hold >= self.deadline {
            let message = format!("{message} the run ends after {}", crate::duration::write(self.deadline));
            self.say(codes::OUT_OF_BOUNDS, &node.span, message, |d| {
                d.help("hold for less, or give the playbook a longer `deadline`")
            });
            return None;
        }
        Some(())
    }

    /// `rate: { per_minute: 5 }`.
    pub(super) fn rate(&mut self, node: &Node) -> Option<u32> {
        let fields = self.fields(node, &RATE)?;
        let number = self.whole(fields.get("per_minute")?, "`per_minute`", 1..=10_000)?;
        u32::try_from(number).ok()
    }

    /// `undo: { after: 8h, unless: confirmed }`.
    pub(super) fn undo(&mut self, node: &Node) -> Option<UndoRule> {
        if node.text() == Some("never") {
            return Some(UndoRule::Never);
        }
        if let Content::Text(text) = &node.content {
            let message = "`undo` says after how long, in a map";
            self.say(codes::WRONG_SHAPE, &node.span, message, |d| {
                d.help(format!("write {{ after: {text}, unless: confirmed }}, or `undo: never`"))
            });
            return None;
        }
        let fields = self.fields(node, &UNDO)?;
        let after = fields.get("after").and_then(|node| {
            self.span(node, "`after`", Duration::from_secs(1)..=Duration::from_secs(365 * 86_400))
        });
        if let Some(node) = fields.get("unless") {
            self.word(node, "`unless` of `undo`", &[("confirmed", ())])?;
        }
        after.map(UndoRule::After)
    }
}
