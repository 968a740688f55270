//! Tables: aligned columns with a heading, no frame, so that they can be cut and searched.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table as Cells};

use super::{HEAD, styled};

/// A table with a heading.
pub(crate) struct Table(Cells);

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut cells = Cells::new();
        cells.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        cells.set_header(columns.iter().map(|column| styled(HEAD, column)));
        cells.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        Self(cells)
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(Into::into).collect::<Vec<String>>());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.lines().map(|line| line.trim_end().to_owned()).collect();
        f.write_str(&lines.join("\n"))
    }
}
