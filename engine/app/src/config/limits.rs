//! The section about limits: how many identities and devices may be touched before a person is asked.

use std::time::Duration;

use quell_playbook::model::{Asking, IfExpired, Limits, OrAsk, Quota};
use quell_run::SiteLimits;
use schemars::JsonSchema;
use serde::Deserialize;

/// How many identities and devices all playbooks together may touch before a person is asked. A playbook can be
/// tighter, never looser. Undoing is never limited.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSettings {
    /// Of identities: a person or service with all linked accounts counts once. Left out: 50 in one run, 50 in an hour,
    /// 200 in a day.
    pub(crate) accounts: QuotaSettings,
    /// Of devices. Left out: 10 in one run, 20 in an hour, 50 in a day.
    pub(crate) devices: QuotaSettings,
    /// What happens beyond them: `ask` a person (when left out), or `stop`.
    pub(crate) if_over: IfOver,
    /// The teams that are asked where a playbook names none. Left out: whoever may use the engine's interface.
    pub(crate) ask: Vec<String>,
    /// After how many seconds a question nobody answered counts as a no.
    pub(crate) expires_secs: u32,
}

/// How many of one kind may be touched; what is left out stays as it is when nothing is said.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QuotaSettings {
    /// In one run.
    pub(crate) per_run: Option<u32>,
    /// In any sixty minutes.
    pub(crate) per_hour: Option<u32>,
    /// In any twenty-four hours.
    pub(crate) per_day: Option<u32>,
}

/// What happens beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfOver {
    /// A person is asked.
    #[default]
    Ask,
    /// It is not done.
    Stop,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            accounts: QuotaSettings::default(),
            devices: QuotaSettings::default(),
            if_over: IfOver::default(),
            ask: Vec::new(),
            expires_secs: 24 * 60 * 60,
        }
    }
}

impl LimitSettings {
    /// The limits that hold.
    pub(crate) fn limits(&self) -> Limits {
        let if_over = match self.if_over {
            IfOver::Ask => OrAsk::Ask,
            IfOver::Stop => OrAsk::Stop,
        };
        Limits {
            accounts: self.accounts.over(Limits::CAREFUL.accounts),
            devices: self.devices.over(Limits::CAREFUL.devices),
            if_over: Some(if_over),
        }
    }

    /// The same, and who is asked beyond them.
    pub(crate) fn site_limits(&self) -> SiteLimits {
        let asking = Asking {
            of: self.ask.clone(),
            expires: Duration::from_secs(self.expires_secs.into()),
            if_expired: IfExpired::Stop,
            quorum: 1,
            through: None,
        };
        SiteLimits { limits: self.limits(), asking }
    }

    /// What is wrong with them, each at its place.
    pub(super) fn complaints(&self, teams: &super::Teams) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (name, quota) in [("accounts", self.accounts), ("devices", self.devices)] {
            for (per, number) in quota.over(Quota::default()).each() {
                if number > Limits::LARGEST {
                    let place = format!("limits.{name}.{}", per.key());
                    found.push((place, format!("must be at most {}", Limits::LARGEST)));
                }
            }
        }
        if self.expires_secs < 10 {
            found.push((
                "limits.expires_secs".into(),
                "must be at least 10: people need time to answer".into(),
            ));
        }
        if let Some((place, team)) = self.ask.iter().enumerate().find(|(_, team)| !teams.contains_key(*team))
        {
            let message = format!("there is no team {team:?} under `teams`");
            found.push((format!("limits.ask[{place}]"), message));
        }
        found
    }
}

impl QuotaSettings {
    fn over(self, otherwise: Quota) -> Quota {
        Quota {
            per_run: self.per_run.or(otherwise.per_run),
            per_hour: self.per_hour.or(otherwise.per_hour),
            per_day: self.per_day.or(otherwise.per_day),
        }
    }
}
