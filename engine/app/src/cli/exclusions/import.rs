//! `quell exclusions import`: a table of who and what is left alone, as an inventory keeps it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use quell_api::{ImportExclusions, Imported};
use serde_json::{Map, Value, json};

use crate::cli::yes_if;
use crate::csv::{self, Cell, Place};
use crate::reach::Reached;
use crate::show::{BAD, Show, counted, styled};

/// What a column may be called, and what it is: the names of the exclusion file, and those of inventories.
const COLUMNS: [(&str, Column); 13] = [
    ("kind", Column::Kind),
    ("name", Column::Name),
    ("identifier", Column::Name),
    ("value", Column::Name),
    ("because", Column::Because),
    ("reason", Column::Because),
    ("until", Column::Until),
    ("expiry", Column::Until),
    ("expires", Column::Until),
    ("owner", Column::Owner),
    ("actions", Column::Actions),
    ("only", Column::Only),
    ("providers", Column::Only),
];

/// What a name may be, as the exclusion file has it; a kind of account may be written without `account`.
const KINDS: [&str; 27] = [
    "account.upn",
    "account.sid",
    "account.sam",
    "account.entra_id",
    "account.okta_id",
    "account.login",
    "account.ad_guid",
    "account.immutable_id",
    "account.dn",
    "account.mail",
    "account.name",
    "group.name",
    "group.sid",
    "group.ad_guid",
    "group.entra_id",
    "group.okta_id",
    "group.dn",
    "device.name",
    "device.dns_name",
    "device.mde_id",
    "device.entra_id",
    "device.azure_id",
    "device.sid",
    "device_tag",
    "address",
    "dn_subtree",
    "name_pattern",
];

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// Add the rows that are good although others are not.
    #[arg(long)]
    partial: bool,
    /// Only say what is wrong, and what would be added.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Kind,
    Name,
    Because,
    Until,
    Owner,
    Actions,
    Only,
}

/// A mistake, where it stands, and in which column of the table.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    place: Place,
    column: Option<Column>,
    message: String,
}

/// A row that can be given to the engine.
#[derive(Debug)]
struct Row {
    entry: Value,
    cells: Vec<(Column, Place)>,
    begin: Place,
}

pub(super) async fn answer(args: Import, operations: &Reached, show: Show) -> anyhow::Result<ExitCode> {
    let text = text(&args.file)?;
    let (rows, mut mistakes) = read(&text);
    let order = ImportExclusions {
        entries: rows.iter().map(|row| row.entry.clone()).collect(),
        by: operations.by(),
        partial: args.partial,
        // Where the table itself is wrong, the rest is looked at all the same: all mistakes at once.
        dry: args.dry_run || !args.partial && !mistakes.is_empty(),
    };
    let imported = operations.import_exclusions(&order).await?;
    for wrong in &imported.wrong {
        if let Some(row) = rows.get(wrong.row) {
            mistakes.push(row.mistake(&wrong.place, wrong.message.clone()));
        }
    }
    mistakes.sort_by_key(|mistake| mistake.place);
    tell(show, &args, &imported, &mistakes)?;
    Ok(yes_if(mistakes.is_empty()))
}

fn text(file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| format!("{} could not be read", file.display()))?;
    String::from_utf8(bytes)
        .with_context(|| format!("{} is not UTF-8: a spreadsheet saves it as \"CSV UTF-8\"", file.display()))
}

fn tell(show: Show, args: &Import, imported: &Imported, mistakes: &[Mistake]) -> anyhow::Result<()> {
    if show.json {
        let told = |mistake: &Mistake| {
            json!({
                "line": mistake.place.line,
                "column": mistake.place.column,
                "field": mistake.column.map(Column::name),
                "message": mistake.message,
            })
        };
        return show.json(&json!({
            "added": imported.added,
            "repeated": imported.repeated,
            "stored": imported.stored,
            "mistakes": mistakes.iter().map(told).collect::<Vec<_>>(),
        }));
    }
    for mistake in mistakes {
        let Place { line, column } = mistake.place;
        let field = mistake.column.map(|column| format!("{}: ", column.name())).unwrap_or_default();
        let place = styled(BAD, format_args!("{}:{line}:{column}", args.file.display()));
        show.aside(format_args!("{place}: {field}{}", mistake.message));
    }
    show.aside(outcome(args, imported, mistakes));
    if imported.stored && !imported.added.is_empty() {
        super::list(show, &imported.added)?;
    }
    Ok(())
}

/// What came of it, with the numbers.
fn outcome(args: &Import, imported: &Imported, mistakes: &[Mistake]) -> String {
    let added = counted(imported.added.len() as u64, "exclusion");
    let repeated = match imported.repeated {
        0 => String::new(),
        number => format!("; {} on the list already", counted(number as u64, "row")),
    };
    let left_out = match mistakes.len() {
        0 => String::new(),
        number => format!("; {}, their rows left out", counted(number as u64, "mistake")),
    };
    match (imported.stored, args.partial || mistakes.is_empty()) {
        (true, _) => format!("{added} added{repeated}{left_out}"),
        (false, true) => format!("{added} would be added{repeated}{left_out}; nothing was"),
        (false, false) => {
            let wrong = counted(mistakes.len() as u64, "mistake");
            format!("nothing was added: {wrong}; mend the file, or add the good rows with --partial")
        }
    }
}

/// The rows that have the form of an entry, and what is wrong with the others.
fn read(text: &str) -> (Vec<Row>, Vec<Mistake>) {
    let (table, unreadable) = csv::read(text);
    let mut mistakes: Vec<Mistake> = unreadable
        .into_iter()
        .map(|one| Mistake { place: one.place, column: None, message: one.why.to_owned() })
        .collect();
    let mut table = table.into_iter();
    let Some(header) = table.next() else {
        let place = Place { line: 1, column: 1 };
        mistakes.push(Mistake {
            place,
            column: None,
            message: "the file has no first line: kind,name,because".into(),
        });
        return (Vec::new(), mistakes);
    };
    let columns = match columns(&header) {
        Ok(columns) => columns,
        Err(wrong) => {
            mistakes.extend(wrong);
            return (Vec::new(), mistakes);
        }
    };
    let mut rows = Vec::new();
    for cells in table {
        match row(&columns, &cells) {
            Ok(row) => rows.push(row),
            Err(wrong) => mistakes.push(wrong),
        }
    }
    (rows, mistakes)
}

fn columns(header: &[Cell]) -> Result<Vec<Column>, Vec<Mistake>> {
    let (mut columns, mut wrong) = (Vec::new(), Vec::new());
    for cell in header {
        let mut mistake = |message: String| wrong.push(Mistake { place: cell.place, column: None, message });
        match COLUMNS.iter().find(|(name, _)| cell.text.eq_ignore_ascii_case(name)) {
            Some((_, column)) if columns.contains(column) => {
                mistake(format!("there is a column {} already", column.name()));
            }
            Some((_, column)) => columns.push(*column),
            None => mistake(format!(
                "there is no column {:?}: they are kind, name, because, until, owner, actions, only",
                cell.text
            )),
        }
    }
    if let Some(first) = header.first().filter(|_| wrong.is_empty()) {
        for needed in [Column::Kind, Column::Name, Column::Because] {
            if !columns.contains(&needed) {
                let message = format!("the column {} is missing", needed.name());
                wrong.push(Mistake { place: first.place, column: None, message });
            }
        }
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}

fn row(columns: &[Column], cells: &[Cell]) -> Result<Row, Mistake> {
    if let Some(surplus) = cells.get(columns.len()) {
        let message = format!(
            "the row has {} cells and the table {} columns; a cell with a comma stands in \"quotes\"",
            cells.len(),
            columns.len()
        );
        return Err(Mistake { place: surplus.place, column: None, message });
    }
    let begin = cells.first().map_or(Place { line: 1, column: 1 }, |cell| cell.place);
    let find = |wanted: Column| {
        let at = columns.iter().position(|column| *column == wanted)?;
        cells.get(at).filter(|cell| !cell.text.is_empty())
    };
    let needed = |wanted: Column| {
        let message = || "is missing".to_owned();
        find(wanted).ok_or_else(|| Mistake { place: begin, column: Some(wanted), message: message() })
    };
    let mut entry = named(needed(Column::Kind)?, needed(Column::Name)?)?;
    for (column, key) in [(Column::Because, "because"), (Column::Until, "until"), (Column::Owner, "owner")] {
        if let Some(cell) = find(column) {
            entry.insert(key.to_owned(), json!(cell.text));
        }
    }
    for (column, key) in [(Column::Actions, "actions"), (Column::Only, "only")] {
        if let Some(cell) = find(column) {
            entry.insert(key.to_owned(), json!(cell.text.split_whitespace().collect::<Vec<_>>()));
        }
    }
    let places = columns.iter().copied().zip(cells.iter().map(|cell| cell.place)).collect();
    Ok(Row { entry: Value::Object(entry), cells: places, begin })
}

/// Who or what is meant, as the exclusion file would have it.
fn named(kind: &Cell, name: &Cell) -> Result<Map<String, Value>, Mistake> {
    let wanted = kind.text.to_ascii_lowercase().replace('-', "_");
    let known =
        KINDS.iter().find(|known| **known == wanted || known.strip_prefix("account.") == Some(&wanted));
    let Some(known) = known else {
        let message = format!("{:?} is none: write one of {}", kind.text, KINDS.join(", "));
        return Err(Mistake { place: kind.place, column: Some(Column::Kind), message });
    };
    let mut entry = Map::new();
    match known.split_once('.') {
        Some((of, form)) => entry.insert(of.to_owned(), json!({ form: name.text })),
        None => entry.insert((*known).to_owned(), json!(name.text)),
    };
    Ok(entry)
}

impl Row {
    /// A mistake of the entry that this row made, at the cell that it comes from.
    fn mistake(&self, place: &str, message: String) -> Mistake {
        let column = match place.split('.').next().unwrap_or_default() {
            "because" => Column::Because,
            "until" => Column::Until,
            "owner" => Column::Owner,
            "actions" => Column::Actions,
            "only" => Column::Only,
            _ => Column::Name,
        };
        let found = self.cells.iter().find(|(known, _)| *known == column);
        Mistake { place: found.map_or(self.begin, |(_, place)| *place), column: Some(column), message }
    }
}

impl Column {
    fn name(self) -> &'static str {
        let named = COLUMNS.iter().find(|(_, column)| *column == self);
        named.map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
