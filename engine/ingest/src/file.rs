//! Alerts from files, folders and standard input: for replay, and where there is no Kafka.
//!
//! How a file is cut into records is told by its content, not by its name; see [`records`]. Whatever
//! cannot be read is delivered as refused, with its place, so that nothing is lost silently.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

mod open;
mod pieces;
mod records;
mod scan;
mod walk;

use crate::delivery::{Delivery, Origin, Payload, Receipt, Refusal};
use crate::error::IngestError;
use crate::file::records::{Record, Records};
use crate::file::walk::FoundFile;
use crate::intake::{Incoming, Intake, Pushed};
use crate::source::{Acceptance, AlertSource, FlowLimits, SourceHealth};

/// Something that a person names to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or a folder with files.
    Path(PathBuf),
    /// What is piped in.
    StandardInput,
}

impl Input {
    /// What a person writes on a command line: `-` is standard input.
    pub fn from_argument(argument: impl Into<PathBuf>) -> Self {
        let path = argument.into();
        if path.as_os_str() == "-" { Self::StandardInput } else { Self::Path(path) }
    }

    fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::StandardInput => "-".into(),
        }
    }
}

/// What to read, and how much at once.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// What to read, in this order.
    pub inputs: Vec<Input>,
    /// The largest record that is read into memory; a larger one is delivered as refused.
    pub largest_record_bytes: usize,
    /// How much may be in flight before reading rests.
    pub flow: FlowLimits,
}

impl FileSettings {
    /// Everything but the inputs by default: records up to 16 MiB.
    pub fn new(inputs: impl IntoIterator<Item = Input>) -> Self {
        Self {
            inputs: inputs.into_iter().collect(),
            largest_record_bytes: 16 << 20,
            flow: FlowLimits::default(),
        }
    }
}

/// Hears how reading gets on; the app draws it. Called from the reading thread, often.
pub trait ReadProgress: Send + Sync {
    /// A file is begun.
    fn begin(&self, name: &str) {
        let _ = name;
    }

    /// This many more bytes have been read, as they lie on disk.
    fn read(&self, bytes: u64);
}

/// Alerts from files.
pub struct FileSource {
    intake: Arc<Intake>,
    total_bytes: Option<u64>,
    skipped: Vec<PathBuf>,
}

impl FileSource {
    /// Finds what is to be read, and begins to read it on a thread of its own.
    ///
    /// An input that does not exist, and a folder without a file to read, are errors here; a file that
    /// turns out unreadable later is delivered as refused.
    pub fn start(
        settings: &FileSettings,
        progress: Option<Arc<dyn ReadProgress>>,
    ) -> Result<Self, IngestError> {
        settings.flow.check()?;
        let found = walk::find(&settings.inputs)?;
        // The total is known only when every size is.
        let total_bytes = found.files.iter().map(|file| file.size).sum();
        let intake = Arc::new(Intake::new(settings.flow));
        let reading = Reading {
            intake: intake.clone(),
            stream: intake.open_stream(),
            records: 0,
            largest: settings.largest_record_bytes,
            progress,
        };
        std::thread::Builder::new()
            .name("quell-files".into())
            .spawn(move || reading.run(found.files))
            .map_err(|source| IngestError::Thread { purpose: "reading files", source })?;
        Ok(Self { intake, total_bytes, skipped: found.skipped })
    }

    /// How many bytes there are to read, for a progress bar; `None` when an input does not say.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Files in the named folders that are not read, because they do not look like alerts.
    pub fn skipped(&self) -> &[PathBuf] {
        &self.skipped
    }
}

#[async_trait]
impl AlertSource for FileSource {
    async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        self.intake.fetch(most).await
    }

    fn accept(&self, receipts: &[Receipt]) -> Acceptance {
        self.intake.accept(receipts)
    }

    fn is_current(&self, receipt: &Receipt) -> bool {
        self.intake.is_current(receipt)
    }

    fn health(&self) -> SourceHealth {
        let load = self.intake.load();
        SourceHealth {
            connected: true,
            paused: self.intake.is_over(),
            in_flight: load.in_flight,
            in_flight_bytes: load.in_flight_bytes,
            accepted: load.accepted,
            ..SourceHealth::default()
        }
    }

    async fn close(&self, _: Duration) -> Result<(), IngestError> {
        // The thread may be waiting for standard input, which nothing can interrupt; it ends with the
        // next record, or with the program.
        self.intake.stop();
        Ok(())
    }
}

impl Drop for FileSource {
    fn drop(&mut self) {
        self.intake.stop();
    }
}

/// The thread that reads.
struct Reading {
    intake: Arc<Intake>,
    stream: u64,
    records: i64,
    largest: usize,
    progress: Option<Arc<dyn ReadProgress>>,
}

impl Reading {
    fn run(mut self, files: Vec<FoundFile>) {
        for file in files {
            let name = file.input.name();
            if let Some(progress) = &self.progress {
                progress.begin(&name);
            }
            if !self.read(&file.input, &Arc::from(name)) {
                return;
            }
        }
        self.intake.end(None);
    }

    /// Reads one file; `false` when nobody wants more.
    fn read(&mut self, input: &Input, name: &Arc<str>) -> bool {
        let opened = open::open(input, self.progress.clone());
        let mut records = match opened {
            Ok(reader) => Records::new(reader, self.largest),
            Err(error) => return self.refuse(name, (1, 0), &error),
        };
        loop {
            let place = records.place();
            match records.next() {
                Ok(Some(record)) => {
                    if !self.deliver(name, record) {
                        return false;
                    }
                }
                Ok(None) => return true,
                Err(error) => return self.refuse(name, place, &error),
            }
        }
    }

    /// Delivers the rest of a file that cannot be read as one refused record.
    fn refuse(&mut self, name: &Arc<str>, (line, byte): (u64, u64), error: &std::io::Error) -> bool {
        let reason = format!("the file cannot be read on: {error}");
        let payload = Payload::Refused(Refusal { reason, beginning: Vec::new(), size: None });
        self.deliver(name, Record { line, byte, payload })
    }

    fn deliver(&mut self, name: &Arc<str>, record: Record) -> bool {
        while !self.intake.wait_for_room(Duration::from_secs(3600)) {
            if self.intake.has_ended() {
                return false;
            }
        }
        let Record { line, byte, payload } = record;
        let origin = Origin::File { path: name.clone(), line, byte };
        let offset = self.records;
        self.records += 1;
        self.intake.push(self.stream, Incoming { offset, origin, key: None, payload }) == Pushed::Taken
    }
}

#[cfg(test)]
mod tests;
