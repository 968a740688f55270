//! [`Order`]: what a device was told to do (a machine action), and how far it has come.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// One order to a device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) scope: Option<String>,
    #[serde(default)]
    machine_id: Option<String>,
    #[serde(default)]
    requestor_comment: Option<String>,
    #[serde(default)]
    creation_date_time_utc: Option<DateTime<Utc>>,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Status {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    TimeOut,
    Cancelled,
    /// A word that is not known yet: not at its end.
    Unknown,
}

impl From<String> for Status {
    /// However it is written: some pages have other capitals, and one letter less.
    fn from(word: String) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "pending" => Self::Pending,
            "inprogress" => Self::InProgress,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "timeout" => Self::TimeOut,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }
}

impl Status {
    /// Whether nothing more will come of it.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Succeeded) || self.is_in_vain()
    }

    /// Whether it has come to nothing.
    pub(crate) fn is_in_vain(self) -> bool {
        matches!(self, Self::Failed | Self::TimeOut | Self::Cancelled)
    }
}

impl Order {
    /// When it was given; orders without a time are the oldest.
    pub(crate) fn given_at(&self) -> Option<DateTime<Utc>> {
        self.creation_date_time_utc
    }

    /// Whether it is of this kind.
    pub(crate) fn is_a(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether it was given to this device, as far as it tells.
    pub(crate) fn is_of(&self, machine: &str) -> bool {
        self.machine_id.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(machine))
    }

    /// Whether it was given for this key.
    pub(crate) fn is_marked(&self, mark: &str) -> bool {
        self.requestor_comment.as_deref().is_some_and(|comment| comment.contains(mark))
    }
}

/// The newest first. Those of the same moment stay as they came, which is newest first too.
pub(crate) fn newest_first(mut orders: Vec<Order>) -> Vec<Order> {
    orders.sort_by_key(|order| std::cmp::Reverse(order.given_at()));
    orders
}

/// What stands in the comment of an order, so that it is found again: the key of its request.
pub(crate) fn mark(key: &str) -> String {
    let plain: String = key.chars().filter(|letter| !letter.is_control()).collect();
    format!("[quell {plain}]")
}

/// The comment of an order: what the playbook says, and the mark.
pub(crate) fn comment(text: Option<&str>, mark: &str) -> String {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => format!("{} {mark}", text.chars().take(500).collect::<String>()),
        None => mark.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, time: &str) -> Order {
        serde_json::from_value(serde_json::json!({
            "id": id, "type": "Isolate", "status": "Pending", "creationDateTimeUtc": time,
            "requestorComment": comment(Some(" by hand "), &mark("run-1/2")),
        }))
        .unwrap()
    }

    #[test]
    fn an_order_is_found_by_its_key_and_by_no_other() {
        let one = order("a", "2026-01-01T00:00:00.1234567Z");
        assert!(one.is_marked(&mark("run-1/2")));
        assert_eq!(mark("run\n-1"), "[quell run-1]", "it stays on its line");
        assert!(!one.is_marked(&mark("run-1/2/undo")) && !one.is_marked(&mark("run-1")));
        assert_eq!(comment(Some(" by hand "), "[quell k]"), "by hand [quell k]");
        assert_eq!(comment(Some("  "), "[quell k]"), "[quell k]");
    }

    #[test]
    fn the_newest_comes_first() {
        let orders = vec![order("old", "2026-01-01T00:00:00Z"), order("new", "2026-01-01T00:00:01Z")];
        assert_eq!(newest_first(orders)[0].id, "new");
    }

    #[test]
    fn words_that_are_not_known_are_not_an_end() {
        let read = |word: &str| serde_json::from_value::<Status>(serde_json::json!(word)).unwrap();
        assert!(!read("PendingApproval").is_final() && !read("PendingApproval").is_in_vain());
        for (word, status) in
            [("succeeded", Status::Succeeded), ("Timeout", Status::TimeOut), ("Canceled", Status::Cancelled)]
        {
            assert_eq!(read(word), status, "{word}");
        }
    }
}
