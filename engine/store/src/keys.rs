//! Keys: every record has its space, and inside it parts that sort as they should.
//!
//! | space | then | record |
//! | --- | --- | --- |
//! | `alert/head/` | alert id, detection | [`crate::AlertRecord`]: the detection in one line |
//! | `alert/version/` | detection, version | [`crate::AlertVersion`]: one version with its raw record |
//! | `alert/time/` | last received, detection | alert id and detection |
//! | `run/line/` | run, number | a line of the journal |
//! | `run/summary/` | run | the run in one line |
//! | `run/open/` | run | the run, while something is to be done for it |
//! | `run/time/` | started, run | the run |
//! | `run/alert/` | alert id, started, run | the run |
//! | `run/attached/` | run, received, alert id, version | [`quell_run::Attached`]: a later alert that belongs to the run |
//! | `claim/` | name | the run that has what `once_per` names in hand |
//! | `run/hold/` | run, hold, task | the run, while a task of it holds a state |
//! | `hold/` | hold | a state of a target that is held, and by how many |
//! | `holder/` | hold, run, task | one task that holds it |
//! | `exclusion/` | entry | an operator's entry of the exclusion list |
//! | `kept/` | detection | what runs keep for an alert |
//! | `list/` | list, value | an entry of a named list |
//! | `counter/` | whose, what | who was touched, as limits count it |
//! | `schedule/` | playbook | how far its schedule has been seen to |
//! | `playbook/` | hash | the text of a playbook |
//! | `pause` | | who paused the engine |
//! | `audit/record/` | number | one link of the audit log |
//! | `audit/end`, `audit/start` | | where the audit log ends; the last of its records that was forgotten |

use quell_alert::Timestamp;
use sha2::{Digest, Sha256};

pub(crate) const ALERT_HEAD: &str = "alert/head/";
pub(crate) const ALERT_VERSION: &str = "alert/version/";
pub(crate) const ALERT_TIME: &str = "alert/time/";
pub(crate) const RUN_LINE: &str = "run/line/";
pub(crate) const RUN_SUMMARY: &str = "run/summary/";
pub(crate) const RUN_OPEN: &str = "run/open/";
pub(crate) const RUN_TIME: &str = "run/time/";
pub(crate) const RUN_ALERT: &str = "run/alert/";
pub(crate) const RUN_HOLD: &str = "run/hold/";
pub(crate) const RUN_ATTACHED: &str = "run/attached/";
pub(crate) const CLAIM: &str = "claim/";
pub(crate) const HOLD: &str = "hold/";
pub(crate) const HOLDER: &str = "holder/";
pub(crate) const EXCLUSION: &str = "exclusion/";
pub(crate) const EXCLUSION_FILE: &str = "exclusion_file";
pub(crate) const KEPT: &str = "kept/";
pub(crate) const LIST: &str = "list/";
pub(crate) const COUNTER: &str = "counter/";
pub(crate) const SCHEDULE: &str = "schedule/";
pub(crate) const PLAYBOOK: &str = "playbook/";
pub(crate) const PAUSE: &str = "pause";
pub(crate) const AUDIT_RECORD: &str = "audit/record/";
pub(crate) const AUDIT_END: &str = "audit/end";
pub(crate) const AUDIT_START: &str = "audit/start";

/// Longer texts stand in a key as their beginning and their hash. Senders choose the ids of alerts; keys stay small.
const LONGEST: usize = 256;

/// A key in the making.
#[derive(Debug, Clone)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// A key of this space.
    pub(crate) fn of(space: &str) -> Self {
        Self(space.as_bytes().to_vec())
    }

    /// One more part: a text. Ends with a mark, so that no text is the beginning of another one's key.
    pub(crate) fn text(mut self, text: &str) -> Self {
        if text.len() <= LONGEST {
            self.escape(text.as_bytes());
            self.0.extend_from_slice(&[0, 1]);
        } else {
            let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            self.escape(&text.as_bytes()[..end]);
            self.0.extend_from_slice(&[0, 2]);
            self.0.extend_from_slice(&Sha256::digest(text.as_bytes()));
        }
        self
    }

    /// The beginning of a text: what all keys of texts that begin so have in common.
    pub(crate) fn beginning(mut self, text: &str) -> Self {
        self.escape(text.as_bytes());
        self
    }

    /// One more part: a number.
    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// One more part: a moment; those before 1970 sort before.
    pub(crate) fn moment(self, at: Timestamp) -> Self {
        self.number((at.timestamp_micros() as u64) ^ (1 << 63))
    }

    /// The finished key.
    pub(crate) fn build(self) -> Vec<u8> {
        self.0
    }

    fn escape(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0.push(*byte);
            if *byte == 0 {
                self.0.push(0xff);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Vec<u8> {
        Key::of("t/").text(text).build()
    }

    #[test]
    fn keys_of_texts_sort_as_the_texts_do_and_none_begins_another() {
        let mut texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "a\u{1}", "ab", "b", "\u{ff}", "aaaa"];
        texts.sort_unstable();
        for pair in texts.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
        for one in texts {
            for other in texts.iter().filter(|other| **other != one) {
                assert!(!key(other).starts_with(&key(one)), "{one:?} begins {other:?}");
            }
        }
    }

    #[test]
    fn long_texts_stay_apart_and_their_keys_short() {
        let long = "ä".repeat(5000);
        let other = format!("{long}x");
        assert_ne!(key(&long), key(&other));
        assert!(key(&long).len() < 400);
    }

    #[test]
    fn moments_sort_across_1970() {
        let at = |seconds| Key::of("t/").moment(Timestamp::from_timestamp(seconds, 0).unwrap()).build();
        assert!(at(-5) < at(0) && at(0) < at(5));
    }
}
