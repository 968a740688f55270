//! [`probed_by_reading`]: what a probe tells of a system in which it has signed in and read.

use quell_action::{ActionError, ActionInfo, Grant, ProbeReport};

/// The report of a probe that has read something, or could not. Reading shows nothing of the right to write, so nothing is
/// said of that; and where nobody was there, nothing is claimed.
pub fn probed_by_reading(found: Result<String, ActionError>, actions: &[ActionInfo]) -> ProbeReport {
    let note = match &found {
        Ok(_) => "it was signed in and read; whether writing is allowed, only writing could tell",
        Err(_) => "nothing was read, so nothing can be said",
    };
    let grant = |info: &ActionInfo| Grant {
        action: info.spec.name.to_owned(),
        provider: info.provider(),
        allowed: None,
        note: Some(note.to_owned()),
    };
    let grants = actions.iter().map(grant).collect();
    match found {
        Ok(system) => ProbeReport { system: Some(system), problems: Vec::new(), grants },
        Err(error) => ProbeReport { system: None, problems: vec![error.message], grants },
    }
}
