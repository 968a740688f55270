//! Schedules: one run for each calendar day, whatever clocks do; held against a second implementation wherever a zone
//! changes its clocks in ten years.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use quell_playbook::schedule::{Missed, Schedule};

fn schedule(text: &str, zone: Tz) -> Schedule {
    Schedule::parse(text, zone, Missed::Skip).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The first so many moments after this one, in local time.
fn local(text: &str, zone: Tz, after: &str, many: usize) -> Vec<String> {
    let schedule = schedule(text, zone);
    let mut at = utc(after);
    let mut found = Vec::new();
    for _ in 0..many {
        at = schedule.after(at).unwrap();
        found.push(at.with_timezone(&zone).format("%m-%d %H:%M %z").to_string());
    }
    found
}

#[test]
fn a_time_that_is_left_out_counts_at_the_first_minute_that_exists() {
    let found = local("30 2 * * *", Tz::Europe__Vienna, "2027-03-27T00:00:00Z", 3);
    assert_eq!(found, ["03-27 02:30 +0100", "03-28 03:00 +0200", "03-29 02:30 +0200"]);
    let found = local("*/20 2 * * *", Tz::Europe__Vienna, "2027-03-28T00:00:00Z", 2);
    assert_eq!(found, ["03-28 03:00 +0200", "03-29 02:00 +0200"], "those that are left out come together");
}

#[test]
fn a_time_that_comes_twice_counts_once() {
    let found = local("30 2 * * *", Tz::Europe__Vienna, "2027-10-30T00:00:00Z", 3);
    assert_eq!(found, ["10-30 02:30 +0200", "10-31 02:30 +0200", "11-01 02:30 +0100"]);
    let found = local("*/30 1-2 * * *", Tz::America__New_York, "2027-11-07T04:30:00Z", 4);
    assert_eq!(found, ["11-07 01:00 -0400", "11-07 01:30 -0400", "11-07 02:00 -0500", "11-07 02:30 -0500"]);
}

#[test]
fn weekdays_months_and_leap_days_are_what_they_are_called() {
    assert_eq!(
        local("0 9 * * mon", Tz::UTC, "2026-11-21T00:00:00Z", 2),
        ["11-23 09:00 +0000", "11-30 09:00 +0000"]
    );
    assert_eq!(local("0 9 * * Sun", Tz::UTC, "2026-11-21T00:00:00Z", 1), ["11-22 09:00 +0000"]);
    assert_eq!(local("0 9 1 jan *", Tz::UTC, "2026-11-21T00:00:00Z", 1), ["01-01 09:00 +0000"]);
    let leap = schedule("0 0 29 2 *", Tz::UTC).after(utc("2026-11-21T00:00:00Z")).unwrap();
    assert_eq!(leap, utc("2028-02-29T00:00:00Z"));
}

#[test]
fn what_schedulers_do_not_agree_on_is_refused() {
    for (text, says) in [
        ("", "five fields"),
        ("30 6 * *", "five fields"),
        ("0 30 6 * * mon", "five fields"),
        ("@daily", "five fields"),
        ("30 6 * * 1", "by name"),
        ("30 6 * * 0-4", "by name"),
        ("30 6 1 * mon", "do not agree"),
        ("60 6 * * *", "no minute"),
        ("30 24 * * *", "no hour"),
        ("30 6 0 * *", "no day"),
        ("30 6 * 13 *", "no month"),
        ("30 6 * * fri-mon", "no range"),
        ("30 6 L * *", "no day"),
        ("30 6 * * mon#1", "no weekday"),
        ("5/15 6 * * *", "no step"),
        ("*/0 6 * * *", "no step"),
        ("*/90 6 * * *", "no step"),
        ("1,,2 6 * * *", "no minute"),
        ("? 6 * * *", "no minute"),
        ("-5 6 * * *", "no minute"),
        ("0 3 31 2 *", "no such day"),
        ("0 3 31 apr,jun,9,11 *", "no such day"),
    ] {
        let wrong = Schedule::parse(text, Tz::UTC, Missed::Skip).expect_err(text);
        assert!(wrong.what.contains(says), "{text}: {wrong:?}");
        assert!(wrong.at.end <= text.len().max(1) && wrong.at.start <= wrong.at.end, "{text}: {wrong:?}");
    }
}

#[test]
fn the_latest_moment_is_found_however_long_nobody_looked() {
    for (text, from, until) in [
        ("*/15 * * * *", "2026-11-15T00:00:00Z", "2026-11-21T12:03:00Z"),
        ("0 3 * * *", "2025-01-01T00:00:00Z", "2026-11-21T03:00:00Z"),
        ("0 3 * * *", "2026-11-20T03:00:00Z", "2026-11-21T02:59:59Z"),
        ("0 0 29 2 *", "2015-01-01T00:00:00Z", "2026-11-21T00:00:00Z"),
        ("0 9 * * mon", "2026-11-23T08:59:59Z", "2026-11-23T09:00:00Z"),
    ] {
        let (schedule, from, until) = (schedule(text, Tz::Europe__Vienna), utc(from), utc(until));
        let (mut all, mut at) = (None, from);
        while let Some(next) = schedule.after(at).filter(|next| *next <= until) {
            (all, at) = (Some(next), next);
        }
        assert_eq!(schedule.latest(from, until), all, "{text} {from} {until}");
    }
}

/// The moments at which a zone changes its clocks between these years.
fn changes(zone: Tz, from: i32, until: i32) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let begin = Utc.with_ymd_and_hms(from, 1, 1, 0, 0, 0).unwrap();
    let days = (0..).map(|day| begin + Days::new(day * 3)).take_while(|at| at.year() < until);
    let mut found = Vec::new();
    for day in days {
        let (mut low, mut high) = (day, day + Days::new(3));
        if offset(low) == offset(high) {
            continue;
        }
        while high - low > TimeDelta::minutes(1) {
            let middle = low + (high - low) / 2;
            if offset(middle) == offset(low) { low = middle } else { high = middle }
        }
        found.push(high.with_second(0).unwrap().with_nanosecond(0).unwrap());
    }
    found
}

#[test]
fn every_change_of_clocks_in_ten_years_is_as_a_second_implementation_has_it() {
    // Zones that are only other names for one another change together: each change is looked at once.
    let mut seen = BTreeSet::new();
    let mut looked_at = 0;
    for zone in TZ_VARIANTS {
        for change in changes(zone, 2026, 2036) {
            let offset =
                |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
            let (before, after) =
                (offset(change - TimeDelta::minutes(2)), offset(change + TimeDelta::minutes(2)));
            if !seen.insert((change, before, after)) {
                continue;
            }
            looked_at += 1;
            // A time of day in the middle of what is left out, or comes twice.
            let middle = change.naive_utc() + TimeDelta::seconds(i64::from(before + after) / 2);
            let text = format!("{} {} * * *", middle.minute(), middle.hour());
            let ours = schedule(&text, zone);
            let theirs: croner::Cron = text.parse().unwrap();
            let mut at = change - Days::new(2);
            for _ in 0..4 {
                let next = ours.after(at).unwrap();
                let other = theirs.find_next_occurrence(&at.with_timezone(&zone), false).unwrap();
                assert_eq!(
                    next,
                    other.with_timezone(&Utc),
                    "{zone} {text} after {at}, clocks change at {change}"
                );
                at = next;
            }
            once_a_day(&ours, zone, middle.date());
        }
    }
    assert!(looked_at > 500, "only {looked_at}");
}

/// One moment for each of the days around this one.
fn once_a_day(schedule: &Schedule, zone: Tz, day: NaiveDate) {
    let begin = (day - Days::new(3)).and_hms_opt(12, 0, 0).unwrap().and_utc();
    let mut at = begin;
    let mut moments = Vec::new();
    while at < begin + Days::new(6) {
        at = schedule.after(at).unwrap();
        moments.push(at);
    }
    for pair in moments.windows(2) {
        let apart = pair[1] - pair[0];
        assert!(apart > TimeDelta::hours(20) && apart < TimeDelta::hours(28), "{zone} {schedule}: {pair:?}");
    }
}
