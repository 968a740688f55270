//! [`Pace`]: how many calls of a step are begun in a minute, over all its runs (`rate`).
//!
//! It spares outside systems, and guards nobody: that is what limits are for. So it lives in memory only.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use quell_alert::Timestamp;
use quell_playbook::model::{DoStep, PlaybookName, StepId, Verb};

use crate::Task;
use crate::clock::sleep_until;
use crate::context::Context;
use crate::retry::later;

const MINUTE: Duration = Duration::from_secs(60);

/// When calls of steps were begun, or will be.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    steps: Mutex<HashMap<(PlaybookName, StepId), Begun>>,
}

#[derive(Debug)]
struct Begun {
    /// When somebody asked last: a clock that has gone back since says nothing of what is to come.
    asked: Timestamp,
    moments: VecDeque<Timestamp>,
}

impl Pace {
    /// The moment at which one more call can begin; it is taken.
    fn turn(&self, step: (PlaybookName, StepId), per_minute: usize, now: Timestamp) -> Timestamp {
        let mut steps = self.steps.lock();
        let begun = steps.entry(step).or_insert_with(|| Begun { asked: now, moments: VecDeque::new() });
        if now < begun.asked {
            begun.moments.clear();
        }
        begun.asked = now;
        while begun.moments.len() > per_minute {
            begun.moments.pop_front();
        }
        let turn = match begun.moments.front() {
            Some(first) if begun.moments.len() == per_minute => now.max(later(*first, MINUTE)),
            _ => now,
        };
        begun.moments.push_back(turn);
        turn
    }
}

impl Context {
    /// Waits until the step of a task may begin one more call.
    pub(crate) async fn keep_pace(&self, task: &Task) {
        let per_minute = self.playbook.step(&task.id.step).and_then(|step| match &step.verb {
            Verb::Do(DoStep { per_minute, .. }) => *per_minute,
            _ => None,
        });
        let Some(per_minute) = per_minute else { return };
        let step = (self.plan.playbook.name.clone(), task.id.step.clone());
        let turn = self.tools.pace.turn(step, per_minute as usize, self.now());
        if self.now() < turn {
            tokio::select! {
                () = sleep_until(self.tools.clock.as_ref(), turn) => {}
                () = self.tools.stop.stopping() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).expect("a moment")
    }

    fn step(name: &str) -> (PlaybookName, StepId) {
        (PlaybookName("playbook".into()), StepId(name.into()))
    }

    #[test]
    fn no_minute_has_more_than_it_may_and_steps_are_apart() {
        let pace = Pace::default();
        let turns: Vec<Timestamp> = (0..7).map(|_| pace.turn(step("a"), 3, at(0))).collect();
        assert_eq!(turns, [at(0), at(0), at(0), at(60), at(60), at(60), at(120)]);
        assert_eq!(pace.turn(step("b"), 3, at(0)), at(0));
        assert_eq!(pace.turn(step("a"), 3, at(110)), at(120), "those that wait were there before");
        assert_eq!(pace.turn(step("a"), 3, at(1_000)), at(1_000));
    }

    #[test]
    fn a_clock_that_jumps_back_holds_nobody_up() {
        let pace = Pace::default();
        assert_eq!(pace.turn(step("a"), 1, at(90_000)), at(90_000));
        assert_eq!(pace.turn(step("a"), 1, at(0)), at(0));
        assert_eq!(pace.turn(step("a"), 1, at(1)), at(60));
    }
}
