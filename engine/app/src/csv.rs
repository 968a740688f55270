//! CSV as spreadsheets write it, with the place of every cell: a mistake is told where it stands.

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// What is in it, without the quotes and the blanks around it.
    pub(crate) text: String,
    /// Where it begins, counted from 1.
    pub(crate) place: Place,
}

/// A place in a file, counted from 1; the column in letters, not in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Why a table cannot be read on from a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) place: Place,
    pub(crate) why: &'static str,
}

/// Reads the rows of a table, and what is wrong with its form. Empty lines and those that begin with `#` are no rows.
/// A row with such a mistake is left out; where a quote is never closed the table ends.
pub(crate) fn read(text: &str) -> (Vec<Vec<Cell>>, Vec<Unreadable>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, at: Place { line: 1, column: 1 }, separator: separator(text) };
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    while !reader.rest.is_empty() {
        match reader.row() {
            Ok(row) if row.iter().all(|cell| cell.text.is_empty()) => {}
            Ok(row) => rows.push(row),
            Err(unreadable) => {
                wrong.push(unreadable);
                reader.skip_line();
            }
        }
    }
    (rows, wrong)
}

/// Spreadsheets of some countries write a semicolon, since the comma is in their numbers.
fn separator(text: &str) -> char {
    let first =
        text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    if first.contains(';') && !first.contains(',') { ';' } else { ',' }
}

struct Reader<'a> {
    rest: &'a str,
    at: Place,
    separator: char,
}

impl Reader<'_> {
    /// One row, with its line's end.
    fn row(&mut self) -> Result<Vec<Cell>, Unreadable> {
        if self.rest.starts_with('#') {
            self.skip_line();
            return Ok(Vec::new());
        }
        let mut row = Vec::new();
        loop {
            row.push(self.cell()?);
            match self.next() {
                Some(separator) if separator == self.separator => {}
                _ => return Ok(row),
            }
        }
    }

    /// One cell; what comes after it is its separator, or the end of its line.
    fn cell(&mut self) -> Result<Cell, Unreadable> {
        while self.rest.starts_with([' ', '\t']) {
            self.next();
        }
        let place = self.at;
        if self.rest.starts_with('"') {
            self.next();
            return self.in_quotes(place);
        }
        let mut text = String::new();
        while let Some(letter) = self.peek().filter(|letter| !self.ends_cell(*letter)) {
            text.push(letter);
            self.next();
        }
        self.end_of_line();
        Ok(Cell { text: text.trim().to_owned(), place })
    }

    fn in_quotes(&mut self, place: Place) -> Result<Cell, Unreadable> {
        let mut text = String::new();
        loop {
            let Some(letter) = self.next() else {
                return Err(Unreadable { place, why: "this quote is never closed" });
            };
            match letter {
                '"' if self.rest.starts_with('"') => {
                    self.next();
                    text.push('"');
                }
                '"' => break,
                letter => text.push(letter),
            }
        }
        while self.rest.starts_with([' ', '\t']) {
            self.next();
        }
        self.end_of_line();
        match self.peek() {
            Some(letter) if !self.ends_cell(letter) => Err(Unreadable {
                place: self.at,
                why: "after a closing quote comes the next cell; a quote inside of quotes is written twice",
            }),
            _ => Ok(Cell { text: text.trim().to_owned(), place }),
        }
    }

    fn ends_cell(&self, letter: char) -> bool {
        letter == self.separator || letter == '\n' || letter == '\r' && self.rest.starts_with("\r\n")
    }

    /// The first half of an end of line that has two.
    fn end_of_line(&mut self) {
        if let Some(rest) = self.rest.strip_prefix('\r').filter(|rest| rest.starts_with('\n')) {
            self.rest = rest;
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|letter| letter != '\n') {}
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.rest = &self.rest[letter.len_utf8()..];
        match letter {
            '\n' => self.at = Place { line: self.at.line + 1, column: 1 },
            _ => self.at.column += 1,
        }
        Some(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(table: &str) -> Vec<Vec<String>> {
        let (rows, wrong) = read(table);
        assert_eq!(wrong, []);
        rows.into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect()).collect()
    }

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        assert_eq!(texts("\u{feff}a,b\r\nc,d\r\n"), [["a", "b"], ["c", "d"]]);
        assert_eq!(
            texts("# who\n\na , b\n,,\n\"c, \"\"x\"\"\",\"two\nlines\"\n"),
            [["a", "b"], ["c, \"x\"", "two\nlines"]]
        );
        assert_eq!(texts("a;b\nc;d, e"), [["a", "b"], ["c", "d, e"]]);
        assert_eq!(texts("a,b\n\"c\",\n"), [["a", "b"], ["c", ""]]);
        assert_eq!(texts(""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn every_cell_knows_its_place() {
        let (rows, _) = read("ä,b\r\n\"x\ny\", z\r\nq,r");
        let places: Vec<(usize, usize)> =
            rows.iter().flatten().map(|cell| (cell.place.line, cell.place.column)).collect();
        assert_eq!(places, [(1, 1), (1, 3), (2, 1), (3, 5), (4, 1), (4, 3)]);
    }

    #[test]
    fn what_is_no_table_is_told_with_its_place() {
        let (rows, wrong) = read("a,b\n\"c\"d,e\nf,g\n\"h");
        assert_eq!(rows.len(), 2, "the rows around it are read");
        let places: Vec<(usize, usize)> =
            wrong.iter().map(|one| (one.place.line, one.place.column)).collect();
        assert_eq!(places, [(2, 4), (4, 1)]);
    }
}
