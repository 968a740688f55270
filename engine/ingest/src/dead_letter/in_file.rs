//! Dead letters in a file: one JSON object a line, for where there is no Kafka.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{DeadLetter, DeadLetters};
use crate::delivery::Origin;
use crate::error::IngestError;

/// Dead letters in a file, flushed to disk before a write returns.
#[derive(Clone, Debug)]
pub struct FileDeadLetters {
    path: Arc<PathBuf>,
    file: Arc<Mutex<File>>,
}

/// One line of the file, and what it says.
#[derive(Debug)]
pub struct FileLetter {
    /// The line's number, counted from 1.
    pub line: u64,
    /// The letter, or why the line is none.
    pub letter: Result<DeadLetter, IngestError>,
}

impl FileDeadLetters {
    /// Opens the file, and makes it, readable by its owner only, where there is none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, IngestError> {
        let path = path.into();
        let file = open_for_appending(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self { path: Arc::new(path), file: Arc::new(Mutex::new(file)) })
    }

    /// Reads the letters of a file, oldest first. Lines that are not letters are told as such; a last
    /// line that was cut off by a crash is one of them.
    pub fn read(path: &Path) -> Result<impl Iterator<Item = Result<FileLetter, IngestError>>, IngestError> {
        let text = path.display().to_string();
        let file = File::open(path).map_err(|source| IngestError::Read { path: text.clone(), source })?;
        let lines = BufReader::new(file).split(b'\n').zip(1..);
        Ok(lines.map(move |(bytes, line)| {
            let bytes = bytes.map_err(|source| IngestError::Read { path: text.clone(), source })?;
            let letter = serde_json::from_slice::<Line>(&bytes)
                .map_err(|error| error.to_string())
                .and_then(DeadLetter::try_from)
                .map_err(|problem| IngestError::NotADeadLetter { place: format!("{text}:{line}"), problem });
            Ok(FileLetter { line, letter })
        }))
    }
}

#[async_trait]
impl DeadLetters for FileDeadLetters {
    async fn write(&self, letters: &[DeadLetter]) -> Result<(), IngestError> {
        let mut text = Vec::new();
        for letter in letters {
            serde_json::to_writer(&mut text, &Line::from(letter))
                .map_err(|e| failed(&self.path, &e.into()))?;
            text.push(b'\n');
        }
        let (path, file) = (self.path.clone(), self.file.clone());
        let writing = tokio::task::spawn_blocking(move || append(&mut file.lock(), &text));
        let written = writing.await.unwrap_or_else(|failure| Err(std::io::Error::other(failure)));
        written.map_err(|error| failed(&path, &error))
    }

    fn place(&self) -> String {
        format!("file {}", self.path.display())
    }
}

/// The form on disk. It is a promise: old files must stay readable.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    time: DateTime<Utc>,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    origin: Origin,
    engine_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    #[serde(flatten)]
    bytes: Bytes,
}

/// Text stays readable; bytes that are not text are base64.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bytes {
    Text(String),
    Base64(String),
}

impl From<&DeadLetter> for Line {
    fn from(letter: &DeadLetter) -> Self {
        Self {
            time: letter.time,
            reason: letter.reason.clone(),
            place: letter.place.clone(),
            origin: letter.origin.clone(),
            engine_version: letter.engine_version.clone(),
            key_base64: letter.key.as_ref().map(|key| STANDARD.encode(key)),
            bytes: match std::str::from_utf8(&letter.bytes) {
                Ok(text) => Bytes::Text(text.to_owned()),
                Err(_) => Bytes::Base64(STANDARD.encode(&letter.bytes)),
            },
        }
    }
}

impl TryFrom<Line> for DeadLetter {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let decode = |text: String| STANDARD.decode(text).map_err(|error| error.to_string());
        Ok(Self {
            reason: line.reason,
            place: line.place,
            origin: line.origin,
            key: line.key_base64.map(decode).transpose()?,
            bytes: match line.bytes {
                Bytes::Text(text) => text.into_bytes(),
                Bytes::Base64(text) => decode(text)?,
            },
            engine_version: line.engine_version,
            time: line.time,
        })
    }
}

fn open_for_appending(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // The name of a new file is safe only once its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    end_the_last_line(&mut file)?;
    Ok(file)
}

/// A crash can leave half a line behind; the next letter must not be glued to it.
fn end_the_last_line(file: &mut File) -> std::io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    std::io::Read::read_exact(file, &mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

fn append(file: &mut File, text: &[u8]) -> std::io::Result<()> {
    let before = file.metadata()?.len();
    let written = file.write_all(text).and_then(|()| {
        quell_crash::point!("ingest.letter-file.written");
        file.sync_data()
    });
    quell_crash::point!("ingest.letter-file.synced");
    if written.is_err() {
        // Half a letter (the disk is full) would be glued to the next one.
        let _ = file.set_len(before);
    }
    written
}

fn failed(path: &Path, error: &std::io::Error) -> IngestError {
    IngestError::DeadLetter { to: path.display().to_string(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(bytes: &[u8]) -> DeadLetter {
        DeadLetter {
            reason: "expected a value".into(),
            place: Some("line 1, column 2".into()),
            origin: Origin::Kafka { topic: "alerts".into(), partition: 1, offset: 7, timestamp_ms: Some(9) },
            key: Some(vec![0, 255]),
            bytes: bytes.to_vec(),
            engine_version: "0.1.0".into(),
            time: DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
        }
    }

    fn read(path: &Path) -> Vec<Result<DeadLetter, IngestError>> {
        FileDeadLetters::read(path).unwrap().map(|line| line.unwrap().letter).collect()
    }

    #[tokio::test]
    async fn letters_come_back_with_their_very_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        let mut cases: Vec<DeadLetter> =
            [&b"{\"a\":\n1,\"\xc3\xa4\""[..], b"\xff\x00\xfe", b"", b"\n\n", b"\"\\u0000"].map(letter).into();
        cases[1].key = None;
        cases[1].place = None;
        cases[2].origin = Origin::File { path: "a b.json".into(), line: 1, byte: 0 };
        let letters = FileDeadLetters::open(&path).unwrap();
        letters.write(&cases[..2]).await.unwrap();
        letters.write(&cases[2..]).await.unwrap();
        let back: Vec<_> = read(&path).into_iter().map(Result::unwrap).collect();
        assert_eq!(back, cases);
        assert!(std::fs::read_to_string(&path).unwrap().contains("\\n1,\\\"ä"), "text stays readable");
    }

    #[tokio::test]
    async fn half_a_line_from_a_crash_spoils_neither_neighbour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        FileDeadLetters::open(&path).unwrap().write(&[letter(b"one")]).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            std::fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
            FileDeadLetters::open(&path).unwrap().write(&[letter(b"two")]).await.unwrap();
            let back = read(&path);
            assert_eq!(back.first().unwrap().as_ref().unwrap().bytes, b"one", "cut at {cut}");
            assert_eq!(back.last().unwrap().as_ref().unwrap().bytes, b"two", "cut at {cut}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        FileDeadLetters::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = FileDeadLetters::open("/nowhere/dead.jsonl").unwrap_err().to_string();
        assert!(error.contains("/nowhere/dead.jsonl"), "{error}");
    }
}
