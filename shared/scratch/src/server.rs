//! A running `postgres`, stopped when dropped, and its warden.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Error;
use crate::account::Account;
use crate::child::command_line;
use crate::folder::Folder;

/// How long a fast shutdown, and after it an immediate one, may take.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How much of the end of the log an error quotes, in bytes.
const LOG_TAIL: usize = 4096;

/// Ends the server and removes the folder when this process dies without doing so: killed, or by Ctrl-C.
///
/// The shell waits on a pipe whose other end only we hold. `done` on it means that we did the work ourselves; its
/// end without that word means that we are gone.
const WARDEN: &str = r#"read -r word && exit 0
kill -INT "$1"
n=0
while kill -0 "$1" 2>/dev/null && [ "$n" -lt 50 ]; do sleep 0.2; n=$((n + 1)); done
kill -QUIT "$1" 2>/dev/null
rm -rf -- "$2""#;

/// Ends a server at once, whatever it is doing, so that everybody who waits for it gets an error.
///
/// It must not be used when the cluster it is of is gone: the process's number may be another's then.
#[derive(Clone, Copy, Debug)]
pub struct Breaker(Pid);

impl Breaker {
    /// Ends the server.
    pub fn end_server(self) {
        // It may have ended by itself.
        let _ = kill(self.0, Signal::SIGQUIT);
    }
}

/// A running server process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    command_line: String,
    warden: Option<Child>,
}

impl Server {
    /// Starts `command`, which is a `postgres` of `folder`'s cluster, with its output in the folder's log.
    pub(crate) fn start(mut command: Command, folder: &Folder, account: Account) -> Result<Server, Error> {
        let path = folder.log();
        let log = File::options().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        let log_too = log.try_clone().map_err(Error::io("open", &path))?;
        account.run_as(&mut command);
        // Its own process group: Ctrl-C in the terminal reaches us, and we (or the warden) stop the server.
        command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(log_too);
        let command_line = command_line(&command);
        let child = command.spawn().map_err(|source| Error::Run { command: command_line.clone(), source })?;
        let mut server = Server { child, command_line, warden: None };
        server.warden = Some(server.start_warden(folder.path())?);
        Ok(server)
    }

    fn start_warden(&self, folder: &Path) -> Result<Child, Error> {
        let mut command = Command::new("sh");
        command.args(["-c", WARDEN, "warden", &self.child.id().to_string()]).arg(folder);
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|source| Error::Run { command: command_line(&command), source })
    }

    /// Waits until `ready` says yes; its own errors end the waiting.
    ///
    /// # Errors
    ///
    /// [`Error::ServerEnded`] or [`Error::ServerSilent`], quoting the end of the log.
    pub(crate) fn wait_until(
        &mut self,
        limit: Duration,
        log: &Path,
        mut ready: impl FnMut() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        while !ready()? {
            if let Some(status) = self.status() {
                return Err(Error::ServerEnded {
                    command: self.command_line.clone(),
                    status,
                    log: log_tail(log),
                });
            }
            if begin.elapsed() > limit {
                return Err(Error::ServerSilent {
                    command: self.command_line.clone(),
                    seconds: limit.as_secs(),
                    log: log_tail(log),
                });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Returns what ends the server from another thread.
    pub(crate) fn breaker(&self) -> Option<Breaker> {
        i32::try_from(self.child.id()).ok().map(|number| Breaker(Pid::from_raw(number)))
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Signals the server and waits; says whether it ended.
    fn stop_with(&mut self, signal: Signal) -> bool {
        let Ok(number) = i32::try_from(self.child.id()) else { return false };
        // The child was not waited for yet, so the number cannot have passed to another process.
        if self.status().is_none() && kill(Pid::from_raw(number), signal).is_ok() {
            let begin = Instant::now();
            while self.status().is_none() && begin.elapsed() < STOP_LIMIT {
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.status().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is a fast shutdown, SIGQUIT an immediate one.
        if !self.stop_with(Signal::SIGINT) && !self.stop_with(Signal::SIGQUIT) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if let Some(mut warden) = self.warden.take() {
            if let Some(mut stdin) = warden.stdin.take() {
                let _ = stdin.write_all(b"done\n");
            }
            let _ = warden.wait();
        }
    }
}

/// Returns the end of a log.
pub(crate) fn log_tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LOG_TAIL)..]).trim_end().to_owned()
}
