//! [`LabFile`]: the one file in which the lab lives, whole at every moment, for any number of processes.
//!
//! A change reads the file under a lock, writes the new one beside it, brings it to the disk and puts it in place of
//! the old one. Whoever dies in between leaves the old file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::seed;
use crate::world::World;

const NAME: &str = "lab.json";
const VERSION: u32 = 1;

/// The file of a lab.
#[derive(Debug, Clone)]
pub struct LabFile {
    folder: PathBuf,
}

/// Why the lab could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The disk did not allow it.
    #[error("the lab file {path} cannot be {what}: {source}", path = path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// It does not hold a lab.
    #[error("the lab file {path} does not hold a lab: {source}; mend it, or move it away to begin anew", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("the lab file {path} has the form {found}, and this version reads {VERSION}; move it away to begin anew", path = path.display())]
    OtherVersion {
        /// Which file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
}

impl LabFile {
    /// Opens the lab in this folder; where there is none, the built-in one is put there.
    ///
    /// # Errors
    /// When the folder cannot be written, or holds a file that is no lab.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, LabError> {
        let lab = Self { folder: folder.into() };
        fs::create_dir_all(&lab.folder).map_err(lab.failed("made"))?;
        let _lock = lab.lock()?;
        match lab.path().exists() {
            true => lab.load().map(drop)?,
            false => lab.store(&seed::world())?,
        }
        drop(_lock);
        Ok(lab)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Everything, as it is now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<World, LabError> {
        // The file is only ever replaced as a whole, so that reading needs no lock.
        self.load()
    }

    /// Changes something, alone. The file is written only where something was changed.
    ///
    /// # Errors
    /// When the file cannot be read or written; then nothing was changed.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, LabError> {
        let _lock = self.lock()?;
        let before = self.load()?;
        let mut world = before.clone();
        let result = change(&mut world);
        if world != before {
            self.store(&world)?;
        }
        Ok(result)
    }

    fn lock(&self) -> Result<File, LabError> {
        let path = self.folder.join("lab.lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let lock = lock.map_err(self.failed("locked"))?;
        lock.lock().map_err(self.failed("locked"))?;
        Ok(lock)
    }

    fn load(&self) -> Result<World, LabError> {
        let bytes = fs::read(self.path()).map_err(self.failed("read"))?;
        let world: World = serde_json::from_slice(&bytes)
            .map_err(|source| LabError::Damaged { path: self.path(), source })?;
        match world.version {
            VERSION => Ok(world),
            found => Err(LabError::OtherVersion { path: self.path(), found }),
        }
    }

    fn store(&self, world: &World) -> Result<(), LabError> {
        let mut text = serde_json::to_vec_pretty(world)
            .map_err(|source| LabError::Damaged { path: self.path(), source })?;
        text.push(b'\n');
        replace(&self.folder, &text).map_err(self.failed("written"))
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> LabError + use<> {
        let path = self.path();
        move |source| LabError::Disk { path, what, source }
    }
}

fn replace(folder: &Path, text: &[u8]) -> io::Result<()> {
    let new = folder.join("lab.json.new");
    let mut file = File::create(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}
