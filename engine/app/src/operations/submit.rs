//! Records that an operator sends in: decided as the source's are.

use std::sync::Arc;

use quell_alert::{Alert, Decoded, decode};
use quell_api::{Refusal, Submission, Submitted};
use quell_run::Origin;
use serde_json::{Value, json};

use crate::decider::{Decider, Decision, see_to_later};
use crate::records::raw_of;
use crate::wire::App;

/// Decides each record of a delivery. What was decided before a record that the store would not take stays decided, and
/// is a repetition when the same delivery is sent in again.
pub(super) async fn submit(app: &Arc<App>, submission: &Submission) -> Result<Vec<Submitted>, Refusal> {
    let decider = Decider::new(app, Origin::Live);
    let origin = json!({ "from": "operator", "by": submission.by, "first": submission.origin });
    let records = decode(&submission.bytes);
    let alone = records.len() == 1;
    let mut submitted = Vec::new();
    for record in records {
        submitted.push(match record {
            Decoded::Alert(alert) => {
                let raw = raw_of(&alert, &submission.bytes, alone);
                decide(&decider, Arc::new(*alert), &raw, &origin).await?
            }
            Decoded::Passed { what, .. } => Submitted::Passed { what: what.to_string() },
            Decoded::Refused(refusal) => Submitted::Refused { reason: refusal.reason, place: refusal.place },
        });
    }
    Ok(submitted)
}

async fn decide(
    decider: &Decider,
    alert: Arc<Alert>,
    raw: &[u8],
    origin: &Value,
) -> Result<Submitted, Refusal> {
    let mut doubtful = Vec::new();
    let (id, title) = (alert.id.to_string(), alert.title.clone());
    match decider.decide(&alert, raw, origin, &mut doubtful).await {
        Ok(Decision::Accepted { runs, .. }) => Ok(Submitted::Decided { alert: id, title, runs }),
        Ok(Decision::Repeated) => Ok(Submitted::Repeated { alert: id, title }),
        Err(error) => {
            // It may be on disk all the same, and would wait for a restart.
            see_to_later(&decider.store, &decider.engine, doubtful);
            Err(Refusal::unavailable(format!("alert {id} could not be accepted: {error}; send it in again")))
        }
    }
}
