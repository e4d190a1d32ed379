//! What a child process writes, read while it runs.

use std::fmt;
use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

#[cfg(target_os = "linux")]
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Error;
use crate::child::{check, command_line};

/// Bytes that wait between the child and its reader: what everybody may have (`/proc/sys/fs/pipe-max-size`).
#[cfg(target_os = "linux")]
const ROOM: i32 = 1 << 20;

/// How long to let a pipe fill: in that time no child fills [`ROOM`].
#[cfg(target_os = "linux")]
const PAUSE: Duration = Duration::from_millis(1);

/// The stdout of a child process.
///
/// Its end is an end of file only if the child succeeded: what a program wrote before it failed is never taken for all
/// there was. The error then holds [`Error::Failed`]. Dropped before its end, it kills the child.
pub struct Pipe {
    child: Child,
    command: Command,
    stdout: ChildStdout,
    complaints: Option<JoinHandle<Vec<u8>>>,
    ended: Arc<AtomicBool>,
    /// How long to wait for more where little was read.
    pause: Option<Duration>,
    /// The child, until somebody waits for its end: its number may be another's then.
    running: Arc<Mutex<Option<Pid>>>,
}

impl Pipe {
    /// Starts a program, with this input.
    ///
    /// # Errors
    /// [`Error::Run`] if it cannot be started.
    pub fn open(mut command: Command, input: Stdio) -> Result<Pipe, Error> {
        let trouble = |command: &Command, source| Error::Run { command: command_line(command), source };
        let child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|source| trouble(&command, source))?;
        let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(trouble(&command, io::Error::other("no pipe to it")));
        };
        // Whoever reads may be busy for a while; the child goes on meanwhile. Where there is no more room, 64 KiB have to do.
        #[cfg(target_os = "linux")]
        let pause = fcntl(&stdout, FcntlArg::F_SETPIPE_SZ(ROOM)).ok().map(|_| PAUSE);
        #[cfg(not(target_os = "linux"))]
        let pause = None;
        // Beside the reading: a program with many complaints would otherwise fill that pipe and wait for ever.
        let complaints = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is still worth quoting.
            let _ = stderr.read_to_end(&mut bytes);
            bytes
        });
        let running = i32::try_from(child.id()).ok().map(Pid::from_raw);
        let running = Arc::new(Mutex::new(running));
        let ended = Arc::default();
        Ok(Pipe { child, command, stdout, complaints: Some(complaints), ended, pause, running })
    }

    /// Returns a flag that is set once the end was reached and the child had succeeded.
    pub fn ended(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ended)
    }

    /// Returns what can end the child from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.running))
    }

    /// Reads until all of `buf` is full, or to the end; returns how much there is in it.
    ///
    /// A child that writes a few KiB at a time goes on while nobody reads: whoever waits for each of its writes costs it and
    /// the machine two changes between processes every time.
    ///
    /// # Errors
    /// As for [`read`](Read::read).
    pub fn gather(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut gathered = 0;
        while gathered < buf.len() {
            match self.read(&mut buf[gathered..])? {
                0 => break,
                read => gathered += read,
            }
            if let Some(pause) = self.pause.filter(|_| gathered < buf.len()) {
                std::thread::sleep(pause);
            }
        }
        Ok(gathered)
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(complaints) = self.complaints.take() else { return Ok(()) };
        // It has closed its stdout, and goes by itself.
        self.running.lock().unwrap_or_else(|poison| poison.into_inner()).take();
        let status = self.child.wait()?;
        let stderr = complaints.join().unwrap_or_default();
        let output = std::process::Output { status, stdout: Vec::new(), stderr };
        check(&self.command, output).map_err(io::Error::other)?;
        self.ended.store(true, Ordering::Release);
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.stdout.read(buf)?;
        if read == 0 && !buf.is_empty() {
            self.finish()?;
        }
        Ok(read)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if self.complaints.is_some() {
            self.stopper().stop();
            self.running.lock().unwrap_or_else(|poison| poison.into_inner()).take();
            let _ = self.child.wait();
        }
    }
}

/// Ends the child of a [`Pipe`], whoever is reading it.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Mutex<Option<Pid>>>);

impl Stopper {
    /// Kills the child, if it still runs; whoever reads gets the error that it did not succeed.
    pub fn stop(&self) {
        if let Some(child) = *self.0.lock().unwrap_or_else(|poison| poison.into_inner()) {
            // One that has just ended is what was wanted.
            let _ = kill(child, Signal::SIGKILL);
        }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("command", &command_line(&self.command)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_end_is_an_end_only_of_a_child_that_succeeded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        std::fs::write(&path, "all\n").unwrap();
        let mut text = String::new();
        let mut pipe =
            Pipe::open(shell("cat; echo but >&2"), Stdio::from(File::open(&path).unwrap())).unwrap();
        let ended = pipe.ended();
        pipe.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), ended.load(Ordering::Acquire)), ("all\n", true));
        let mut pipe = Pipe::open(shell("echo half; echo no luck >&2; exit 3"), Stdio::null()).unwrap();
        let ended = pipe.ended();
        let error = pipe.read_to_string(&mut text).unwrap_err();
        assert!(error.to_string().ends_with("failed with exit status: 3: no luck"), "{error}");
        assert!(!ended.load(Ordering::Acquire));
    }

    #[test]
    fn nobody_waits_for_a_child_that_nobody_reads() {
        drop(Pipe::open(shell("exec yes"), Stdio::null()).unwrap());
    }
}
