//! Moments, in every form in which senders write them.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use serde_json::Value;

use crate::alert::Timestamp;

/// The moment that a value states: text, or seconds or milliseconds since 1970.
pub(crate) fn of_value(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => of_number(number.as_i64()?),
        _ => None,
    }
}

/// Reads a moment: date, `T` or a blank, time, up to any number of fraction digits, and a zone or none (which is UTC).
/// The first day of year 1 and that of 1601 are how some programs write "never".
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let (time, nanoseconds, offset) = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => ((0, 0, 0), 0, 0),
        None => return None,
        Some(rest) => time_of_day(rest)?,
    };
    let moment = date.and_hms_nano_opt(time.0, time.1, time.2.min(59), nanoseconds)?.and_utc();
    let moment = moment.checked_sub_signed(TimeDelta::seconds(offset))?;
    let is_never = moment.year() <= 1601;
    (!is_never).then_some(moment)
}

/// Hour, minute, second; nanoseconds; seconds east of UTC.
fn time_of_day(text: &str) -> Option<((u32, u32, u32), u32, i64)> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let (clock, fraction) = clock.trim_end().split_once('.').unwrap_or((clock.trim_end(), ""));
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    Some(((hour, minute, second), nanoseconds(fraction)?, seconds_east(zone)?))
}

/// What is finer than nanoseconds is dropped.
fn nanoseconds(fraction: &str) -> Option<u32> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine = &fraction[..fraction.len().min(9)];
    let scale = 10_u32.pow(u32::try_from(9 - nine.len()).ok()?);
    if nine.is_empty() { Some(0) } else { Some(nine.parse::<u32>().ok()? * scale) }
}

fn seconds_east(zone: &str) -> Option<i64> {
    let zone = zone.trim();
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let plain: String = zone[1..].chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = plain.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes, 2)? };
    let seconds = i64::from(digits(hours, 2)?) * 3600 + i64::from(minutes) * 60;
    (seconds < 86_400).then_some(sign * seconds)
}

/// Exactly so many digits: the standard parser takes a sign.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn of_number(number: i64) -> Option<Timestamp> {
    // Seconds have ten digits for centuries to come, milliseconds thirteen.
    match number {
        100_000_000..100_000_000_000 => DateTime::from_timestamp(number, 0),
        100_000_000_000..100_000_000_000_000 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse(text).map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string())
    }

    #[test]
    fn every_form_met_in_the_wild_is_read() {
        for (text, moment) in [
            ("2023-02-20T11:04:02.6371632Z", "2023-02-20T11:04:02.637163200Z"),
            ("2022-01-06T13:01:34Z", "2022-01-06T13:01:34.000000000Z"),
            ("2019-01-12 06:41:44", "2019-01-12T06:41:44.000000000Z"),
            ("2023-03-22 07:27:56.188461+00:00", "2023-03-22T07:27:56.188461000Z"),
            ("2025-04-21 20:51:04.058183200", "2025-04-21T20:51:04.058183200Z"),
            ("2025-10-15 06:50:08Z", "2025-10-15T06:50:08.000000000Z"),
            ("2023-04-18T13:01:26.0294235", "2023-04-18T13:01:26.029423500Z"),
            ("2023-04-18T13:01:26.02942351234Z", "2023-04-18T13:01:26.029423512Z"),
            ("2023-04-18T13:01:26+02:00", "2023-04-18T11:01:26.000000000Z"),
            ("2023-04-18T13:01:26-0330", "2023-04-18T16:31:26.000000000Z"),
            ("2023-04-18T13:01", "2023-04-18T13:01:00.000000000Z"),
            ("2023-04-18", "2023-04-18T00:00:00.000000000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000000Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn never_and_nonsense_are_nothing() {
        for text in [
            "0001-01-01T00:00:00",
            "0001-01-01T00:00:00Z",
            "1601-01-01T00:00:00Z",
            "",
            "None",
            "yesterday",
            "2023-13-01T00:00:00Z",
            "2023-02-30T00:00:00Z",
            "2023-02-20T25:00:00Z",
            "2023-02-20X11:04:02Z",
            "2023-02-20T11:04:02.x",
            "2023-02-20T11:04:02+9",
            "2023-02-20T11:04:02+99:99",
            "+023-02-20T11:04:02Z",
            "2023-02-20T\u{e9}",
            "20\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        assert_eq!(of_value(&Value::from(1_700_000_000)), DateTime::from_timestamp(1_700_000_000, 0));
        assert_eq!(
            of_value(&Value::from(1_700_000_000_123_i64)),
            DateTime::from_timestamp_millis(1_700_000_000_123)
        );
        assert_eq!(of_value(&Value::from(7)), None);
    }
}
