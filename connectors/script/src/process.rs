//! Running a program: in a process group of its own, with an environment of its own, within its limits; and ending it,
//! with everything that it has started.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use quell_action::ActionError;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::program::Program;
use crate::settings::Limits;

/// How long a program that was asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(2);
/// How long its output may stay open after its end, by somebody whom it left behind.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Sets the limits and becomes the program. The arguments come as arguments; nothing is ever pasted into this text.
const UNDER_LIMITS: &str = "umask 077; ulimit -c 0; ulimit -t \"$1\" && ulimit -f \"$2\" && ulimit -n \"$3\" || exit 78; \
     [ \"$4\" = 0 ] || ulimit -v \"$4\" || exit 78; shift 4; exec \"$@\"";
const SHELL: &str = "/bin/sh";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: How,
    pub(crate) output: Said,
    pub(crate) log: Said,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// By itself, with this code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// By us, because its time was over.
    TimedOut,
}

/// A group whose program has not come to its end. Whoever no longer waits for it ends it with all that it has started:
/// nobody would be there any more to do so.
struct Held(Option<Pid>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What came out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) bytes: Vec<u8>,
    /// More came than is kept.
    pub(crate) cut: bool,
}

/// Runs a program to its end, or ends it.
///
/// # Errors
/// When it could not be started: nothing has happened.
pub(crate) async fn run(
    program: &Program,
    command: Vec<OsString>,
    input: Vec<u8>,
    time_limit: Duration,
) -> Result<Ended, ActionError> {
    let not_started =
        |why: String| ActionError::unavailable(format!("{} was not started: {why}", program.name()));
    let home = private_folder().map_err(|error| not_started(error.to_string()))?;
    let mut child = start(program, command, &home).map_err(|error| not_started(error.to_string()))?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut held = Held(group);
    let keep = usize::try_from(program.settings.limits.output_kb * 1024).unwrap_or(usize::MAX);
    let (output, log) = (listen(child.stdout.take(), keep), listen(child.stderr.take(), keep));
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is none of our business; one that reads slowly must not hold us up.
        tokio::spawn(async move {
            let _ = stdin.write_all(&input).await;
        });
    }
    let how = match timeout(time_limit, child.wait()).await {
        Ok(status) => {
            how(status.map_err(|error| ActionError::uncertain(format!("{}: {error}", program.name())))?)
        }
        Err(_) => {
            end(&mut child, group).await;
            How::TimedOut
        }
    };
    held.0 = None;
    let (output, log) = last_words(output, log, group).await;
    // What the program left in its folder goes with it.
    if let Err(error) = home.close() {
        tracing::warn!(program = program.name(), %error, "the private folder of a program could not be removed");
    }
    Ok(Ended { how, output, log })
}

fn start(program: &Program, command: Vec<OsString>, home: &TempDir) -> std::io::Result<Child> {
    let settings = &program.settings;
    let folder = settings.folder.as_deref().unwrap_or(home.path());
    Command::new(SHELL)
        .arg("-c")
        .arg(UNDER_LIMITS)
        .arg(program.name())
        .args(limits(settings.limits))
        .args(command)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .envs(&settings.environment)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// In the units of the shell: seconds, half kilobytes, a number, kilobytes.
fn limits(limits: Limits) -> [String; 4] {
    [
        limits.cpu_secs.to_string(),
        (limits.file_mb * 2048).to_string(),
        limits.open_files.to_string(),
        (limits.memory_mb * 1024).to_string(),
    ]
}

fn private_folder() -> std::io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let only_ours = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("quell-script-").permissions(only_ours).tempdir()
}

/// Reads a stream to its end and keeps the beginning: whoever stops reading holds the program up.
fn listen<R: AsyncRead + Unpin + Send + 'static>(stream: Option<R>, keep: usize) -> JoinHandle<Said> {
    tokio::spawn(async move {
        let mut said = Said::default();
        let Some(mut stream) = stream else { return said };
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            let room = keep - said.bytes.len();
            said.bytes.extend_from_slice(&chunk[..read.min(room)]);
            said.cut |= read > room;
        }
        said
    })
}

/// Asks the whole group to end, and makes it end.
async fn end(child: &mut Child, group: Option<Pid>) {
    let all = |signal| group.map(|group| kill_process_group(group, signal));
    all(Signal::TERM);
    if timeout(GRACE, child.wait()).await.is_err() {
        all(Signal::KILL);
        let _ = timeout(GRACE, child.wait()).await;
    }
    // Whoever did not heed the first signal and is not the program itself.
    all(Signal::KILL);
}

/// What was said. Somebody whom the program left behind may still hold its output open: it is ended then.
async fn last_words(
    mut output: JoinHandle<Said>,
    mut log: JoinHandle<Said>,
    group: Option<Pid>,
) -> (Said, Said) {
    let both = async { ((&mut output).await.unwrap_or_default(), (&mut log).await.unwrap_or_default()) };
    if let Ok(both) = timeout(LAST_WORDS, both).await {
        return both;
    }
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let both = async { ((&mut output).await.unwrap_or_default(), (&mut log).await.unwrap_or_default()) };
    timeout(LAST_WORDS, both).await.unwrap_or_default()
}

fn how(status: std::process::ExitStatus) -> How {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Code(code),
        (None, signal) => How::Signal(signal.unwrap_or_default()),
    }
}
