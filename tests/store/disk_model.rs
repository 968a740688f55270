//! What a disk may hold after a power cut: everything that was synced, and of the rest nothing, some of it, or all.
//!
//! The model is stricter than most file systems. A write is safe only when its file was synced; a name (new, changed or
//! taken away) only when its folder was. Of what is not safe, any set of 512-byte sectors may have reached the disk, in
//! any order; changes of names reach it in the order in which they were made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const SECTOR: u64 = 512;

/// One entry of the log that shadow.c writes.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Write {
        path: PathBuf,
        at: u64,
        data: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Sync {
        path: PathBuf,
    },
    /// A sync that failed: the system will not write again what it was to write.
    FailedSync {
        path: PathBuf,
    },
    /// What the system has cached of a file is forgotten.
    Forget {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    Create {
        path: PathBuf,
    },
}

/// How much of what was not synced reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    Some,
    All,
}

/// A disk, as programs see it and as it is.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    /// `lost`: pieces of sectors that a failed sync has given up. Programs still see them, and whoever writes into such a
    /// sector has all of it written.
    File {
        safe: Vec<u8>,
        pending: Vec<Change>,
        lost: Vec<(u64, Vec<u8>)>,
    },
    Folder {
        now: BTreeMap<String, usize>,
        safe: BTreeMap<String, usize>,
        pending: Vec<Naming>,
    },
}

#[derive(Debug)]
enum Change {
    Write { at: u64, data: Vec<u8> },
    Truncate(u64),
}

#[derive(Debug, Clone)]
enum Naming {
    Set(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

/// Reads a log.
pub(crate) fn read_log(bytes: &[u8]) -> Vec<Operation> {
    let mut rest = bytes;
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at(length);
        rest = left;
        taken.to_vec()
    };
    let mut at = 0;
    let mut operations = Vec::new();
    while at < bytes.len() {
        let kind = take(1)[0];
        let path_length = u32::from_ne_bytes(take(4).try_into().unwrap()) as usize;
        let path = PathBuf::from(String::from_utf8(take(path_length)).unwrap());
        let number = u64::from_ne_bytes(take(8).try_into().unwrap());
        let length = u32::from_ne_bytes(take(4).try_into().unwrap()) as usize;
        let data = take(length);
        at += 1 + 4 + path_length + 8 + 4 + length;
        operations.push(match kind {
            b'w' => Operation::Write { path, at: number, data },
            b't' => Operation::Truncate { path, length: number },
            b's' => Operation::Sync { path },
            b'f' => Operation::FailedSync { path },
            b'n' => Operation::Forget { path },
            b'r' => Operation::Rename { from: path, to: PathBuf::from(String::from_utf8(data).unwrap()) },
            b'u' => Operation::Unlink { path },
            b'd' => Operation::MakeFolder { path },
            b'c' => Operation::Create { path },
            other => panic!("an entry of kind {other}"),
        });
    }
    operations
}

impl Operation {
    /// Whether it is a call that can fail; forgetting what is cached is none.
    pub(crate) fn changes_files(&self) -> bool {
        !matches!(self, Self::Forget { .. })
    }

    /// Whether it is done to the file of this name.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        match self {
            Self::Write { path, .. }
            | Self::Truncate { path, .. }
            | Self::Sync { path }
            | Self::FailedSync { path }
            | Self::Forget { path }
            | Self::Rename { from: path, .. }
            | Self::Unlink { path }
            | Self::MakeFolder { path }
            | Self::Create { path } => path.ends_with(name),
        }
    }
}

impl Disk {
    /// An empty disk below `root`.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), nodes: vec![Node::folder()] }
    }

    /// Carries one operation out.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write { path, at, data } => {
                self.change(path, Change::Write { at: *at, data: data.clone() });
            }
            Operation::Truncate { path, length } => self.change(path, Change::Truncate(*length)),
            Operation::Sync { path } => self.sync(path),
            Operation::FailedSync { path } => self.lose(path),
            Operation::Forget { path } => self.forget(path),
            Operation::Create { path } => {
                self.add(path, Node::File { safe: Vec::new(), pending: Vec::new(), lost: Vec::new() })
            }
            Operation::MakeFolder { path } => self.add(path, Node::folder()),
            Operation::Unlink { path } => {
                let (folder, name) = self.split(path);
                self.name(folder, Naming::Remove(name));
            }
            Operation::Rename { from, to } => {
                let moved = self.find(from).unwrap();
                let ((folder, old), (target, new)) = (self.split(from), self.split(to));
                assert_eq!(folder, target, "the model knows renaming inside one folder only");
                self.name(folder, Naming::Rename(old, new, moved));
            }
        }
    }

    /// Writes what a power cut leaves behind into `target`.
    pub(crate) fn cut(&self, target: &Path, rest: Rest, random: &mut impl FnMut(u64) -> u64) {
        fs::create_dir_all(target).unwrap();
        self.write_folder(0, target, rest, random);
    }

    fn write_folder(&self, node: usize, target: &Path, rest: Rest, random: &mut impl FnMut(u64) -> u64) {
        let Node::Folder { safe, pending, .. } = &self.nodes[node] else { unreachable!() };
        let reached = match rest {
            Rest::Nothing => 0,
            Rest::All => pending.len(),
            Rest::Some => random(pending.len() as u64 + 1) as usize,
        };
        let mut names = safe.clone();
        pending[..reached].iter().for_each(|naming| naming.apply(&mut names));
        for (name, child) in names {
            let path = target.join(name);
            match &self.nodes[child] {
                Node::Folder { .. } => {
                    fs::create_dir(&path).unwrap();
                    self.write_folder(child, &path, rest, random);
                }
                Node::File { safe, pending, .. } => {
                    let mut content = safe.clone();
                    pending.iter().for_each(|change| change.reach(&mut content, rest, random));
                    fs::write(path, content).unwrap();
                }
            }
        }
    }

    fn change(&mut self, path: &Path, change: Change) {
        // A file that has lost its name has nothing to lose any more.
        let Some(node) = self.find(path) else { return };
        if let Node::File { pending, lost, .. } = &mut self.nodes[node] {
            if let Change::Write { at, data } = &change {
                let sectors = at / SECTOR..=(at + data.len() as u64).saturating_sub(1) / SECTOR;
                let touched = |(at, _): &mut (u64, Vec<u8>)| sectors.contains(&(*at / SECTOR));
                pending.extend(lost.extract_if(.., touched).map(|(at, data)| Change::Write { at, data }));
            }
            pending.push(change);
        }
    }

    fn sync(&mut self, path: &Path) {
        let Some(node) = self.find(path) else { return };
        match &mut self.nodes[node] {
            Node::File { safe, pending, .. } => {
                let mut no_chance = |_| 0;
                pending.drain(..).for_each(|change| change.reach(safe, Rest::All, &mut no_chance));
            }
            Node::Folder { now, safe, pending } => {
                pending.clear();
                safe.clone_from(now);
            }
        }
    }

    /// The bytes are lost, the length that they made is not; new names still may reach the disk.
    fn lose(&mut self, path: &Path) {
        let Some(node) = self.find(path) else { return };
        let Node::File { safe, pending, lost } = &mut self.nodes[node] else { return };
        for change in pending.drain(..) {
            match change {
                Change::Truncate(length) => safe.resize(length as usize, 0),
                Change::Write { at, data } => {
                    safe.resize(safe.len().max(at as usize + data.len()), 0);
                    lost.extend(by_sector(at, &data).map(|(at, piece)| (at, piece.to_vec())));
                }
            }
        }
    }

    fn forget(&mut self, path: &Path) {
        let Some(node) = self.find(path) else { return };
        if let Node::File { lost, .. } = &mut self.nodes[node] {
            lost.clear();
        }
    }

    fn add(&mut self, path: &Path, node: Node) {
        let (folder, name) = self.split(path);
        self.nodes.push(node);
        let added = self.nodes.len() - 1;
        self.name(folder, Naming::Set(name, added));
    }

    fn name(&mut self, folder: usize, naming: Naming) {
        let Node::Folder { now, pending, .. } = &mut self.nodes[folder] else { panic!("not a folder") };
        naming.apply(now);
        pending.push(naming);
    }

    fn split(&self, path: &Path) -> (usize, String) {
        let folder = self.find(path.parent().unwrap()).unwrap();
        (folder, path.file_name().unwrap().to_str().unwrap().to_owned())
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let mut node = 0;
        for name in path.strip_prefix(&self.root).ok()? {
            let Node::Folder { now, .. } = &self.nodes[node] else { return None };
            node = *now.get(name.to_str()?)?;
        }
        Some(node)
    }
}

impl Node {
    fn folder() -> Self {
        Self::Folder { now: BTreeMap::new(), safe: BTreeMap::new(), pending: Vec::new() }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Set(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(old, new, node) => {
                names.remove(old);
                names.insert(new.clone(), *node);
            }
        }
    }
}

impl Change {
    fn reach(&self, content: &mut Vec<u8>, rest: Rest, random: &mut impl FnMut(u64) -> u64) {
        let mut reaches = || match rest {
            Rest::Nothing => false,
            Rest::All => true,
            Rest::Some => random(2) == 0,
        };
        match self {
            Self::Truncate(length) => {
                if reaches() {
                    content.resize(*length as usize, 0);
                }
            }
            Self::Write { at, data } => {
                for (at, piece) in by_sector(*at, data) {
                    if reaches() {
                        let (from, to) = (at as usize, at as usize + piece.len());
                        content.resize(content.len().max(to), 0);
                        content[from..to].copy_from_slice(piece);
                    }
                }
            }
        }
    }
}

/// The pieces of a write, each within one sector.
fn by_sector(at: u64, data: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let end = at + data.len() as u64;
    let mut from = at;
    std::iter::from_fn(move || {
        let to = ((from / SECTOR + 1) * SECTOR).min(end);
        let piece = (from < end).then(|| (from, &data[(from - at) as usize..(to - at) as usize]));
        from = to;
        piece
    })
}
