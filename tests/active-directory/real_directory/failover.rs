//! A controller that is lost at any position of a call, with another one beside it: the call goes on there, or says that it
//! may have happened; the other one tells which; and nothing is ever written twice.

use futures::stream::{self, StreamExt};
use quell_action::{Effect, Failure, InEffect, Target};
use serde_json::json;

use super::people::{Admin, Person};
use super::proxy::{Proxy, Way};
use super::{audit, connect, execute, observe, target, variable};

/// More pieces than a call sends, with connecting, TLS and signing in.
const POSITIONS: usize = 12;
/// In what ways a controller is lost.
const LOSSES: [fn(usize) -> Way; 3] = [Way::CutAfter, Way::SilentAfter, Way::HoldAfter];

/// How the first call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Uncertain,
}

#[tokio::test]
async fn a_controller_that_is_lost_at_any_position_of_a_call_is_never_a_second_change() {
    let mut admin = Admin::new().await;
    let straight = connect(json!({})).await;
    for (name, action) in [("q-lose-d", "account.disable"), ("q-lose-f", "account.force_password_change")] {
        let mut cases = Vec::new();
        for (which, loss) in LOSSES.into_iter().enumerate() {
            for position in 0..POSITIONS {
                let person = admin.person(&format!("{name}{which}{position}")).await;
                let target = target(&straight, &person.upn).await;
                cases.push((person, target, loss(position)));
            }
        }
        let ends = cases.iter().map(|(person, target, way)| lose(action, person, target, *way));
        let ends: Vec<End> = stream::iter(ends).buffer_unordered(6).collect().await;
        for end in [End::Done, End::Uncertain] {
            assert!(ends.contains(&end), "{action} never ends with {end:?}: {ends:?}");
        }
    }
}

/// Carries it out on a fresh connection whose first controller is lost so. The second one is always there.
async fn lose(action: &str, person: &Person, target: &Target, way: Way) -> End {
    let first = Proxy::start().await;
    let servers = [first.url.clone(), variable("QUELL_TEST_AD_URL")];
    let connection =
        connect(json!({"servers": servers, "connect_timeout_secs": 1, "operation_timeout_secs": 1})).await;
    first.set(way);
    let place = format!("{action} at {way:?}");
    let result = execute(&connection, action, target, json!({})).await;
    let changes = audit::all_changes(person);
    let end = match &result {
        Ok(outcome) => {
            assert!(matches!(outcome.effect, Effect::Changed { .. }), "{place}: {outcome:?}");
            assert_eq!(changes, 1, "{place}");
            End::Done
        }
        Err(error) => {
            assert_eq!(error.failure, Failure::Uncertain, "{place}: {error}");
            assert!(changes <= 1, "{place}: {changes}");
            End::Uncertain
        }
    };
    // Whoever is left tells what came of it, and whoever repeats it changes only what is not changed yet.
    let seen = observe(&connection, action, target).await.in_effect;
    assert_eq!(seen == InEffect::Yes, changes == 1, "{place}: {seen:?} after {changes} changes");
    let repeated = execute(&connection, action, target, json!({})).await.unwrap();
    assert_eq!(repeated.effect == Effect::Unchanged, changes == 1, "{place}");
    assert_eq!(audit::all_changes(person), 1, "{place}");
    end
}
