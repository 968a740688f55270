//! Tables of values, as people keep them: one value in each line, or CSV whose first line names its columns.

use chrono::NaiveDate;
use quell_action::lists::ListEntry;
use quell_alert::Timestamp;

use crate::csv::{self, Cell};

/// The columns that a table may have.
const COLUMNS: [&str; 3] = ["value", "because", "until"];

/// Reads a table.
///
/// # Errors
/// The first line that cannot be read, with its number.
pub(crate) fn read(text: &str) -> Result<Vec<ListEntry>, String> {
    let (rows, unreadable) = csv::read(text);
    let mut wrong: Vec<(usize, String)> =
        unreadable.into_iter().map(|one| (one.place.line, one.why.to_owned())).collect();
    let is_head = |row: &Vec<Cell>| row.iter().any(|cell| cell.text.eq_ignore_ascii_case("value"));
    let mut rows = rows.into_iter().peekable();
    let columns = match rows.next_if(is_head) {
        Some(head) => header(&head)?,
        None => vec!["value".to_owned()],
    };
    let mut entries = Vec::new();
    for row in rows {
        match entry(&columns, &row) {
            Ok(entry) => entries.push(entry),
            Err(why) => wrong.push((row.first().map_or(1, |cell| cell.place.line), why)),
        }
    }
    match wrong.into_iter().min() {
        Some((line, why)) => Err(format!("line {line}: {why}")),
        None => Ok(entries),
    }
}

fn header(cells: &[Cell]) -> Result<Vec<String>, String> {
    let name = |cell: &Cell| {
        let name = cell.text.to_ascii_lowercase();
        let why = || {
            let line = cell.place.line;
            format!("line {line}: there is no column {name:?}: the columns are {}", COLUMNS.join(", "))
        };
        if COLUMNS.contains(&name.as_str()) { Ok(name.clone()) } else { Err(why()) }
    };
    cells.iter().map(name).collect()
}

fn entry(columns: &[String], cells: &[Cell]) -> Result<ListEntry, String> {
    if cells.len() > columns.len() {
        return Err(format!(
            "it has {} cells, and there are {} columns; a value with a comma stands in \"quotes\"",
            cells.len(),
            columns.len()
        ));
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        cells.get(at).map(|cell| cell.text.as_str()).filter(|cell| !cell.is_empty())
    };
    let mut entry = ListEntry::new(cell("value").unwrap_or_default()).map_err(|why| why.to_string())?;
    entry.because = cell("because").map(str::to_owned);
    entry.until = cell("until").map(end).transpose()?;
    Ok(entry)
}

/// When an entry ends: a moment, or a day that still counts.
///
/// # Errors
/// When it is neither.
pub(crate) fn end(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.succ_opt());
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight.map(|midnight| midnight.and_utc()).ok_or_else(|| {
        format!("{text:?} is no day, such as 2026-12-31, and no moment, such as 2026-12-31T18:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_with_and_without_a_first_line() {
        let plain = "# the board\nalice@contoso.example\n\n  10.0.0.0/8  \n";
        let values: Vec<String> = read(plain).unwrap().into_iter().map(|entry| entry.value).collect();
        assert_eq!(values, ["alice@contoso.example", "10.0.0.0/8"]);
        let table =
            "\u{feff}Value,Because,Until\r\n\"alice\",\"on a plane, \"\"far\"\"\",2026-12-31\r\nbob,,\r\n";
        let entries = read(table).unwrap();
        assert_eq!(entries[0].because.as_deref(), Some("on a plane, \"far\""));
        assert_eq!(entries[0].until.unwrap().to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert_eq!((entries[1].value.as_str(), &entries[1].because), ("bob", &None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (table, says) in [
            ("value,owner\n", "line 1: there is no column \"owner\""),
            ("a\n\nb,c\n", "line 3: it has 2 cells"),
            ("value,until\na,tomorrow\n", "line 2: \"tomorrow\" is no day"),
            ("value\n\"a\n", "line 2: this quote is never closed"),
            ("value,because\n,x\n", "line 2: an empty text"),
            ("\"a\"b\n", "line 1: after a closing quote"),
        ] {
            let why = read(table).unwrap_err();
            assert!(why.starts_with(says), "{why}");
        }
    }
}
