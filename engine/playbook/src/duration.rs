//! How spans of time are written: a whole number and a unit, `90s`, `15m`, `8h`, `7d`.

use std::time::Duration;

/// The units, in order, with their milliseconds.
pub const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The longest span that can be written: ten years.
const LONGEST: u64 = 3_650 * 86_400_000;

/// Reads a span.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn read(text: &str) -> Result<Duration, &'static str> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err("does not start with a whole number");
    }
    if unit.is_empty() {
        return Err("has no unit");
    }
    let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err("does not end in one of the units ms, s, m, h, d");
    };
    let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*millis));
    match total {
        Some(total) if total <= LONGEST => Ok(Duration::from_millis(total)),
        _ => Err("is longer than ten years"),
    }
}

/// Writes a span in the largest unit that keeps it whole.
pub fn write(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let fitting = UNITS.iter().rev().find(|(_, unit)| millis.is_multiple_of(*unit));
    match fitting {
        Some((unit, size)) if millis > 0 => format!("{}{unit}", millis / size),
        _ => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_alike() {
        for text in ["250ms", "90s", "15m", "8h", "7d"] {
            assert_eq!(write(read(text).unwrap()), text);
        }
        assert_eq!(write(read("120s").unwrap()), "2m");
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "5", "s", "5 s", "5min", "-5s", "1.5h", "99999999999999999999d", "4000d", "5S", "٣s"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
