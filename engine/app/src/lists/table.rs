//! Tables of values, as people keep them: one value in each line, or CSV whose first line names its columns.

use chrono::NaiveDate;
use quell_action::lists::ListEntry;
use quell_alert::Timestamp;

/// The columns that a table may have.
const COLUMNS: [&str; 3] = ["value", "because", "until"];

/// Reads a table.
///
/// # Errors
/// The first line that cannot be read, with its number.
pub(crate) fn read(text: &str) -> Result<Vec<ListEntry>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    let mut columns = vec!["value".to_owned()];
    let mut entries = Vec::new();
    let mut is_first = true;
    for (line, number) in lines.by_ref().filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        let at_line = |why: String| format!("line {number}: {why}");
        let cells = cells(line).map_err(at_line)?;
        if std::mem::take(&mut is_first) && cells.iter().any(|cell| cell.eq_ignore_ascii_case("value")) {
            columns = header(&cells).map_err(at_line)?;
            continue;
        }
        entries.push(entry(&columns, &cells).map_err(at_line)?);
    }
    Ok(entries)
}

fn header(cells: &[String]) -> Result<Vec<String>, String> {
    let names: Vec<String> = cells.iter().map(|cell| cell.to_ascii_lowercase()).collect();
    match names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        None => Ok(names),
        Some(name) => Err(format!("there is no column {name:?}: the columns are {}", COLUMNS.join(", "))),
    }
}

fn entry(columns: &[String], cells: &[String]) -> Result<ListEntry, String> {
    if cells.len() > columns.len() {
        return Err(format!(
            "it has {} cells, and there are {} columns; a value with a comma stands in \"quotes\"",
            cells.len(),
            columns.len()
        ));
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        cells.get(at).map(String::as_str).filter(|cell| !cell.is_empty())
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

/// The cells of a line: between commas, in quotes where a comma is in them.
fn cells(line: &str) -> Result<Vec<String>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => in_quotes(quoted)?,
            None => match rest.split_once(',') {
                Some((cell, after)) => (cell.trim().to_owned(), Some(after)),
                None => (rest.trim().to_owned(), None),
            },
        };
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Ok(cells),
        }
    }
}

fn in_quotes(text: &str) -> Result<(String, Option<&str>), String> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quote is not closed".to_owned());
        };
        cell.push_str(before);
        if let Some(more) = after.strip_prefix('"') {
            cell.push('"');
            rest = more;
            continue;
        }
        let after = after.trim_start();
        return match after.strip_prefix(',') {
            Some(after) => Ok((cell, Some(after))),
            None if after.is_empty() => Ok((cell, None)),
            None => Err(format!("after a closing quote comes a comma, and here comes {after:?}")),
        };
    }
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
            ("value\n\"a\n", "line 2: a quote is not closed"),
            ("value,because\n,x\n", "line 2: an empty text"),
            ("\"a\"b\n", "line 1: after a closing quote"),
        ] {
            let why = read(table).unwrap_err();
            assert!(why.starts_with(says), "{why}");
        }
    }
}
