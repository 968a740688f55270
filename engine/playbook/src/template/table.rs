//! Tables: a list of things as rows and columns, in the format of its destination, with every cell escaped.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::filters::{escape, text_of};

/// More rows than this are counted and not shown: a table is for people.
const MOST_ROWS: usize = 200;

/// A list as a table. Without columns, those of its members are taken, in the order in which they come.
pub(super) fn table(value: &Value, columns: Option<&str>, format: &str) -> String {
    let rows: Vec<Value> = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter().map(Iterator::collect).unwrap_or_default(),
        _ => vec![value.clone()],
    };
    let columns = match columns {
        Some(columns) => columns.split(',').map(|column| column.trim().to_owned()).collect(),
        None => columns_of(&rows),
    };
    let cells = |row: &Value| -> Vec<String> {
        let cell = |column: &String| escaped(&cell_of(row, column), format);
        match columns.as_slice() {
            [] => vec![escaped(&text_of(row), format)],
            columns => columns.iter().map(cell).collect(),
        }
    };
    let shown: Vec<Vec<String>> = rows.iter().take(MOST_ROWS).map(cells).collect();
    let head: Vec<String> = columns.iter().map(|column| escaped(column, format)).collect();
    let more = rows.len().saturating_sub(MOST_ROWS);
    match format {
        "html" => html(&head, &shown, more),
        "markdown" => markdown(&head, &shown, more),
        "json" => escape(&plain(&columns, &shown, more), "json").into_owned(),
        _ => plain(&head, &shown, more),
    }
}

/// One field of each member.
pub(super) fn map(value: &Value, field: &str) -> Value {
    let Ok(members) = value.try_iter() else { return cell_value(value, field) };
    members.map(|member| cell_value(&member, field)).filter(|value| !value.is_none()).collect()
}

fn columns_of(rows: &[Value]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| row.kind() == ValueKind::Map) {
        for key in row.try_iter().into_iter().flatten() {
            let key = text_of(&key);
            if !columns.contains(&key) {
                columns.push(key);
            }
        }
    }
    columns
}

fn cell_of(row: &Value, column: &str) -> String {
    text_of(&cell_value(row, column))
}

/// What a row has under a name; what is missing is empty.
fn cell_value(row: &Value, column: &str) -> Value {
    let found = column
        .split('.')
        .try_fold(row.clone(), |value, part| value.get_attr(part).ok().filter(|value| !value.is_undefined()));
    found.unwrap_or(Value::from(()))
}

/// A cell is one line.
fn escaped(text: &str, format: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The text around a table inside JSON is escaped as a whole.
    if format == "json" { line } else { escape(&line, format).into_owned() }
}

fn html(head: &[String], rows: &[Vec<String>], more: usize) -> String {
    let line = |tag: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
        format!("<tr>{cells}</tr>")
    };
    let head = if head.is_empty() { String::new() } else { line("th", head) };
    let body: String = rows.iter().map(|row| line("td", row)).collect();
    let more = if more == 0 { String::new() } else { format!("<p>and {more} more</p>") };
    format!("<table>{head}{body}</table>{more}")
}

fn markdown(head: &[String], rows: &[Vec<String>], more: usize) -> String {
    let width = head.len().max(rows.first().map_or(1, Vec::len));
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = if head.is_empty() { vec![String::new(); width] } else { head.to_vec() };
    let mut text = line(&head);
    text.push_str(&line(&vec!["---".to_owned(); width]));
    rows.iter().for_each(|row| text.push_str(&line(row)));
    if more > 0 {
        text.push_str(&format!("\nand {more} more\n"));
    }
    text
}

fn plain(head: &[String], rows: &[Vec<String>], more: usize) -> String {
    let all: Vec<&[String]> =
        (!head.is_empty()).then_some(head).into_iter().chain(rows.iter().map(Vec::as_slice)).collect();
    let columns = all.iter().map(|row| row.len()).max().unwrap_or_default();
    let width = |at: usize| all.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in all {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}
