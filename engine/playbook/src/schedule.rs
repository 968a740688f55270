//! [`Schedule`]: when a playbook starts by the clock. The one place that knows the `cron` crate.
//!
//! The language has five fields (minute, hour, day of the month, month, weekday), weekdays by name, and an IANA zone. The
//! crate is only asked for wall times, as if there were no zones at all; what a wall time means where clocks change is
//! decided here: one that is skipped counts at the first minute after it that exists, one that comes twice counts
//! the first time. So whatever stands for a day happens once for that day, and moments only ever increase.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use quell_alert::Timestamp;

/// When a playbook starts by the clock.
#[derive(Clone)]
pub struct Schedule {
    text: String,
    walls: Box<cron::Schedule>,
    zone: Tz,
    /// What becomes of moments at which no engine ran.
    pub missed: Missed,
}

/// What becomes of moments at which no engine ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Missed {
    /// Nothing.
    #[default]
    Skip,
    /// The latest of them is made up for, as soon as an engine runs.
    Once,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where in it.
    pub at: std::ops::Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What helps.
    pub help: String,
}

/// Clocks have never been changed by more than a day.
const FURTHEST: TimeDelta = TimeDelta::hours(26);

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The fields: what each is called, its numbers, and its names.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("weekday", 0, 0, &WEEKDAYS),
];

impl Schedule {
    /// Reads `30 6 * * mon-fri` in a zone.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str, zone: Tz, missed: Missed) -> Result<Self, Wrong> {
        let whole = |what: String, help: &str| Wrong { at: 0..text.len(), what, help: help.to_owned() };
        let fields: Vec<(usize, &str)> = fields_of(text);
        if fields.len() != FIELDS.len() {
            let what = format!("a schedule has five fields, and this has {}", fields.len());
            return Err(whole(what, "minute hour day month weekday: `30 6 * * mon-fri`"));
        }
        for ((start, field), form) in fields.iter().zip(FIELDS) {
            check_field(field, *start, form)?;
        }
        let (day, weekday) = (fields[2].1, fields[4].1);
        if day != "*" && weekday != "*" {
            let what = "a day of the month and a weekday: schedulers do not agree what both together mean";
            return Err(whole(what.to_owned(), "say one of them, and `*` for the other"));
        }
        let lower: Vec<String> = fields.iter().map(|(_, field)| field.to_ascii_lowercase()).collect();
        let walls = cron::Schedule::from_str(&format!("0 {}", lower.join(" ")))
            .map_err(|error| whole(error.to_string(), "minute hour day month weekday: `30 6 * * mon-fri`"))?;
        let schedule = Self { text: lower.join(" "), walls: Box::new(walls), zone, missed };
        if schedule.walls.after(&Utc.timestamp_nanos(0)).next().is_none() {
            return Err(whole("there is no such day: it would never start".into(), "look at day and month"));
        }
        Ok(schedule)
    }

    /// The first moment after this one.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        // Whatever clocks have read by now has counted: a wall time counts when it is first read.
        let local = moment.with_timezone(&self.zone).naive_local().and_utc();
        self.walls.after(&local).map(|wall| self.moment_of(wall.naive_utc())).find(|found| *found > moment)
    }

    /// The latest moment after `from` and not after `until`, where there is one.
    pub fn latest(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        // A day has at most 1440 of them: what lies before the last days is not walked through.
        let mut near = from;
        for days in [2, 40, 400] {
            let early = until.checked_sub_days(Days::new(days)).filter(|early| *early > from);
            if let Some(early) = early
                && self.after(early).is_some_and(|first| first <= until)
            {
                near = early;
                break;
            }
        }
        let mut latest = None;
        while let Some(next) = self.after(latest.unwrap_or(near)).filter(|next| *next <= until) {
            latest = Some(next);
        }
        latest
    }

    /// The zone whose clocks count.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    fn moment_of(&self, wall: NaiveDateTime) -> Timestamp {
        let mut wall = wall;
        let mut left = FURTHEST.num_minutes();
        loop {
            if let Some(first) = self.zone.from_local_datetime(&wall).earliest() {
                return first.with_timezone(&Utc);
            }
            // Within a gap: the first minute that exists.
            left -= 1;
            if left < 0 {
                return wall.and_utc();
            }
            wall += TimeDelta::minutes(1);
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, self.zone)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({self}, missed: {:?})", self.missed)
    }
}

/// The zone of this name, as the IANA writes it.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse::<Tz>().ok()
}

/// The names of all zones.
pub fn zones() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// The fields with where each begins.
fn fields_of(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split(' ')
        .filter_map(|field| {
            let start = at;
            at += field.len() + 1;
            (!field.is_empty()).then_some((start, field))
        })
        .collect()
}

type FieldForm = (&'static str, u32, u32, &'static [&'static str]);

/// `*`, `5`, `1-5`, `*/15`, `0-30/10`, and several of them with commas.
fn check_field(field: &str, start: usize, form: FieldForm) -> Result<(), Wrong> {
    let mut at = start;
    for part in field.split(',') {
        check_part(part, form).map_err(|(what, help)| Wrong {
            at: at..at + part.len().max(1),
            what,
            help,
        })?;
        at += part.len() + 1;
    }
    Ok(())
}

fn check_part(part: &str, form: FieldForm) -> Result<(), (String, String)> {
    let (name, least, most, names) = form;
    let (values, step) = match part.split_once('/') {
        Some((values, step)) => (values, Some(step)),
        None => (part, None),
    };
    if let Some(step) = step {
        let counts = step.parse::<u32>().is_ok_and(|step| (1..=most).contains(&step));
        if !counts || !(values == "*" || values.contains('-')) {
            return Err((format!("`{part}` is no step of the {name}"), "write `*/15`, or `0-30/10`".into()));
        }
    }
    if values == "*" {
        return Ok(());
    }
    let bounds: Vec<u32> = values
        .split('-')
        .map(|value| position(value, form).ok_or_else(|| not_one(value, form)))
        .collect::<Result<_, _>>()?;
    match bounds.as_slice() {
        [_] => Ok(()),
        [first, last] if first < last => Ok(()),
        _ => Err((format!("`{values}` is no range of the {name}"), example(least, most, names))),
    }
}

fn position(value: &str, (_, least, most, names): FieldForm) -> Option<u32> {
    let lower = value.to_ascii_lowercase();
    if let Some(position) = names.iter().position(|name| *name == lower) {
        return u32::try_from(position).ok().map(|position| position + least);
    }
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // Weekdays have no numbers here: schedulers do not agree whether the week begins at 0 or at 1, or on which day.
    (is_number && most > 0).then(|| value.parse().ok())?.filter(|number| (least..=most).contains(number))
}

fn not_one(value: &str, (name, least, most, names): FieldForm) -> (String, String) {
    let what = match (name, value.parse::<u32>()) {
        ("weekday", Ok(_)) => {
            format!("`{value}` is no weekday: they go by name here, since schedulers count them differently")
        }
        _ => format!("`{value}` is no {name}"),
    };
    (what, example(least, most, names))
}

fn example(least: u32, most: u32, names: &[&str]) -> String {
    match names {
        [] => format!("write a number from {least} to {most}, `*`, `1-5`, `1,3` or `*/5`"),
        [_, _, _, _, _, _, _] => "write `mon`, `mon-fri` or `mon,thu`; `*` for every day".into(),
        _ => format!("write a number from {least} to {most}, or jan to dec"),
    }
}
