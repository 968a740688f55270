//! A disk that can be full, really: a small file system in memory. Mounting one needs root.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A mounted file system of a few megabytes that goes away with this value.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one.
    ///
    /// # Panics
    /// Where that is not allowed: a test that needs a full disk must not pass without one.
    pub fn mount(megabytes: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0700"), "tmpfs"])
            .arg(folder.path())
            .output()
            .expect("`mount` can be run");
        let words = String::from_utf8_lossy(&mounted.stderr);
        assert!(mounted.status.success(), "a small disk cannot be mounted, run the suite as root: {words}");
        Self(folder)
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Lets it only be read (`ro`), or be written again (`rw`). Nobody may have a file open for writing.
    pub fn remount(&self, how: &str) {
        let remounted = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(self.path())
            .output()
            .expect("`mount` can be run");
        let words = String::from_utf8_lossy(&remounted.stderr);
        assert!(remounted.status.success(), "the small disk cannot be mounted {how}: {words}");
    }

    /// Fills what is left of it, to the last byte; removing the file makes room again.
    pub fn fill(&self) -> PathBuf {
        let ballast = self.path().join("ballast");
        // It ends with an error, for want of room: that is what it is for.
        let filled = std::io::copy(&mut std::io::repeat(0), &mut std::fs::File::create(&ballast).unwrap());
        assert!(filled.is_err(), "the disk was never full");
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
