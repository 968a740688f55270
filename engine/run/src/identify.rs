//! Who is meant by a name that an operator types: asked of the directories as for a run, and of nobody else.

use quell_action::{ActionSpec, Excluded, Subject, Target};
use quell_alert::{Account, AccountKind, Device, DeviceIdentifier, Identifier, Provider};

use crate::Engine;
use crate::resolve::{Fresh, Resolved, away};

/// What the directories say of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    /// Those who are meant: one person or service, or one device for each system that knows it.
    pub subjects: Vec<Subject>,
    /// Why that may not be all, or why there is nobody.
    pub unknown: Option<String>,
    /// Whether it is known who is meant.
    pub certainty: Certainty,
}

/// Whether it is known who is meant by a name; what is less certain comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It is.
    Known,
    /// Every directory was asked, and nobody has the name.
    Nobody,
    /// Not every directory could be asked.
    Partly,
    /// The name leads to more than one.
    Ambiguous,
}

impl Engine {
    /// The person or service that has these names.
    pub async fn identify_account(&self, identifiers: Vec<Identifier>) -> Identified {
        let account = Account {
            kind: AccountKind::Person,
            identifiers,
            name: None,
            display_name: None,
            entra_tenant: None,
            host: None,
            roles: Vec::new(),
            place: "$".into(),
        };
        told(self.resolver().identity(&account, Fresh::Now).await, |facts| vec![Subject::Identity(facts)])
    }

    /// The providers whose directories are asked who is meant by the name of an account.
    pub fn account_directories(&self) -> Vec<Provider> {
        self.resolver().account_directories()
    }

    /// The device that has these names.
    pub async fn identify_device(&self, identifiers: Vec<DeviceIdentifier>) -> Identified {
        let device = Device {
            identifiers,
            name: None,
            tags: Vec::new(),
            os: None,
            roles: Vec::new(),
            place: "$".into(),
        };
        told(self.resolver().device(&device, Fresh::Now).await, |facts| {
            facts.into_iter().map(Subject::Device).collect()
        })
    }

    /// Whether the exclusion list would stop this action on this target, now.
    ///
    /// # Errors
    /// The list's answer, when it would.
    pub fn would_clear(
        &self,
        subject: &Subject,
        target: Target,
        action: &ActionSpec,
    ) -> Result<(), Excluded> {
        self.exclusions().now().clear(subject, target, action, self.now()).map(drop)
    }
}

fn told<F>(resolved: Resolved<F>, subjects: impl FnOnce(F) -> Vec<Subject>) -> Identified {
    use Certainty::{Ambiguous, Known, Nobody, Partly};
    let (subjects, unknown, certainty) = match resolved {
        Resolved::Found(facts) => (subjects(facts), None, Known),
        Resolved::Nobody(why) => (Vec::new(), Some(why), Nobody),
        Resolved::Ambiguous(why) => (Vec::new(), Some(why), Ambiguous),
        Resolved::Away(facts, why) => (subjects(facts), Some(away(&why).message), Partly),
    };
    Identified { subjects, unknown, certainty }
}
