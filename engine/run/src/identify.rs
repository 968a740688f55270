//! Who is meant by a name that an operator types: asked of the directories as for a run, and of nobody else.

use quell_action::{ActionSpec, Excluded, Subject, Target};
use quell_alert::{Account, AccountKind, Device, DeviceIdentifier, Identifier};

use crate::Engine;
use crate::resolve::{Resolved, away};

/// What the directories say of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    /// Those who are meant: one person or service, or one device for each system that knows it.
    pub subjects: Vec<Subject>,
    /// Why that may not be all, or why there is nobody.
    pub unknown: Option<String>,
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
        told(self.resolver().identity(&account).await, |facts| vec![Subject::Identity(facts)])
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
        told(self.resolver().device(&device).await, |facts| facts.into_iter().map(Subject::Device).collect())
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
    match resolved {
        Resolved::Found(facts) => Identified { subjects: subjects(facts), unknown: None },
        Resolved::Nobody(why) | Resolved::Ambiguous(why) => {
            Identified { subjects: Vec::new(), unknown: Some(why) }
        }
        Resolved::Away(facts, why) => {
            Identified { subjects: subjects(facts), unknown: Some(away(&why).message) }
        }
    }
}
