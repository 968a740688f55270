//! [`Limits`]: how many identities and devices may be touched before a person is asked.

use serde::{Deserialize, Serialize};

use super::OrAsk;

/// How many identities and devices may be touched. A site always has them; a playbook may have tighter ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Of identities: a person or service with all linked accounts counts once.
    pub accounts: Quota,
    /// Of devices.
    pub devices: Quota,
    /// What happens beyond them; a person is asked where nothing is said.
    pub if_over: Option<OrAsk>,
}

/// How many of one kind may be touched. What is not said is not limited here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quota {
    /// In one run.
    pub per_run: Option<u32>,
    /// In any sixty minutes.
    pub per_hour: Option<u32>,
    /// In any twenty-four hours.
    pub per_day: Option<u32>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Identities.
    Accounts,
    /// Devices.
    Devices,
}

/// Over which stretch a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One run.
    Run,
    /// Any sixty minutes.
    Hour,
    /// Any twenty-four hours.
    Day,
}

impl Limits {
    /// The largest number that a limit may be: each one counted is remembered for as long as its window is.
    pub const LARGEST: u32 = 5_000;

    /// Those of a site that says nothing.
    pub const CAREFUL: Self = Self {
        accounts: Quota { per_run: Some(50), per_hour: Some(50), per_day: Some(200) },
        devices: Quota { per_run: Some(10), per_hour: Some(20), per_day: Some(50) },
        if_over: None,
    };

    /// Those of one kind.
    pub fn of(&self, what: Counted) -> &Quota {
        match what {
            Counted::Accounts => &self.accounts,
            Counted::Devices => &self.devices,
        }
    }
}

impl Quota {
    /// What is limited, the shortest stretch first.
    pub fn each(&self) -> impl Iterator<Item = (Per, u32)> {
        let all = [(Per::Run, self.per_run), (Per::Hour, self.per_hour), (Per::Day, self.per_day)];
        all.into_iter().filter_map(|(per, number)| Some((per, number?)))
    }

    /// The limit over this stretch.
    pub fn over(&self, per: Per) -> Option<u32> {
        self.each().find(|(other, _)| *other == per).map(|(_, number)| number)
    }
}

impl Counted {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Accounts, Self::Devices];

    /// The word for it in a playbook.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Devices => "devices",
        }
    }
}

impl Per {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Run, Self::Hour, Self::Day];

    /// The key for it in a playbook.
    pub fn key(self) -> &'static str {
        match self {
            Self::Run => "per_run",
            Self::Hour => "per_hour",
            Self::Day => "per_day",
        }
    }
}
