//! `limits`: how many may be touched before a person is asked. A playbook can be tighter than its site, never looser.

use super::Check;
use super::shape::{Fields, Keys};
use crate::codes;
use crate::model::{Counted, Limits, OrAsk, Per, Quota};
use crate::parse::{Content, Node};

pub(crate) const LIMITS: Keys =
    Keys { what: "`limits`", known: &["accounts", "devices", "if_over"], required: &[] };

pub(crate) const QUOTA: Keys =
    Keys { what: "a limit", known: &["per_run", "per_hour", "per_day"], required: &[] };

const IF_OVER: [(&str, OrAsk); 2] = [("ask", OrAsk::Ask), ("stop", OrAsk::Stop)];

impl Check<'_> {
    /// The playbook's own limits.
    pub(super) fn limits(&mut self, fields: &Fields<'_>) -> Option<Option<Limits>> {
        let Some(node) = fields.get("limits") else { return Some(None) };
        let fields = self.fields(node, &LIMITS)?;
        let if_over = fields.get("if_over").map(|node| self.word(node, "`if_over`", &IF_OVER));
        let [accounts, devices] = Counted::ALL.map(|what| {
            fields.get(what.word()).map_or(Some(Quota::default()), |node| self.quota(node, what))
        });
        if fields.get("accounts").or(fields.get("devices")).is_none() {
            let message = "`limits` limits nothing";
            self.say(codes::MISSING_KEY, &node.span, message, |d| {
                d.expected("accounts: { per_hour: 20 }, devices: { per_run: 2 }, or both")
            });
            return None;
        }
        let limits = Limits {
            accounts: accounts?,
            devices: devices?,
            if_over: if_over.map_or(Some(None), |word| word.map(Some))?,
        };
        if limits.if_over != Some(OrAsk::Stop) {
            self.approvers_may_be_asked();
        }
        Some(Some(limits))
    }

    fn quota(&mut self, node: &Node, what: Counted) -> Option<Quota> {
        let fields = self.fields(node, &QUOTA)?;
        let [run, hour, day] = Per::ALL.map(|per| match fields.get(per.key()) {
            Some(node) => self.one_limit(node, what, per).map(Some),
            None => Some(None),
        });
        let quota = Quota { per_run: run?, per_hour: hour?, per_day: day? };
        if quota.each().next().is_none() {
            // A key that does not exist has been reported: nothing is said about what follows from it.
            if matches!(&node.content, Content::Map(entries) if !entries.is_empty()) {
                return None;
            }
            self.say(codes::MISSING_KEY, &node.span, format!("`{}` limits nothing", what.word()), |d| {
                d.expected("per_run, per_hour or per_day, with a number")
            });
            return None;
        }
        Some(quota)
    }

    fn one_limit(&mut self, node: &Node, what: Counted, per: Per) -> Option<u32> {
        let key = per.key();
        let number = self.whole(node, &format!("`{key}`"), 0..=i64::from(Limits::LARGEST))?;
        let number = u32::try_from(number).ok()?;
        let site = self.site.surroundings.limits.and_then(|site| site.of(what).over(per));
        if let Some(site) = site.filter(|site| number > *site) {
            let message =
                format!("`{key}: {number}` is looser than the site's limit of {site} {} {key}", what.word());
            self.say(codes::LOOSER_LIMIT, &node.span, message, |d| {
                d.expected(format!("{site} or less"))
                    .help("leave it out to have the site's limit, or raise that")
            });
            return None;
        }
        Some(number)
    }
}
