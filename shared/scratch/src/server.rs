//! A running `postgres`, stopped when dropped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::account::Account;
use crate::child::command_line;
use crate::fence::{self, Fences, Places};
use crate::folder::Folder;
use crate::warden::Warden;
use crate::{Error, signals};

/// How long the server may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How much of the end of the log an error quotes, in bytes.
const LOG_TAIL: usize = 4096;

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
    folder: PathBuf,
    fences: Fences,
    /// Told last that there is nothing left to do.
    _warden: Warden,
    kept: bool,
}

impl Server {
    /// Starts `command`, which is a `postgres` of `folder`'s cluster, with its output in the folder's log; behind fences
    /// if it has `places`.
    pub(crate) fn start(
        mut command: Command,
        folder: &Folder,
        account: Account,
        places: Option<&Places>,
        mut warden: Warden,
    ) -> Result<Server, Error> {
        let path = folder.log();
        let log = File::options().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        let again = || log.try_clone().map_err(Error::io("open", &path));
        let (stdout, stderr) = (again()?, again()?);
        account.run_as(&mut command);
        // Its own process group: Ctrl-C in the terminal reaches us, and we (or the warden) stop the server.
        command.process_group(0).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let command_line = command_line(&command);
        // A signal that comes now would not know of the server yet.
        let signals = signals::hold();
        let started = match places {
            Some(places) => fence::spawn(&mut command, places, &log),
            None => command.spawn().map(|child| (child, Fences::default())),
        };
        let (child, fences) =
            started.map_err(|source| Error::Run { command: command_line.clone(), source })?;
        warden.watch(child.id());
        signals.remember_server(folder.path(), pid(&child));
        // Where memory runs out, the kernel is to end this server and nobody else's process. That it cannot be asked for
        // that, as on other systems, keeps nobody from restoring.
        let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
        let folder = folder.path().to_owned();
        Ok(Server { child, command_line, folder, fences, _warden: warden, kept: false })
    }

    /// Waits until `ready` says yes.
    ///
    /// # Errors
    ///
    /// [`Error::ServerEnded`] or [`Error::ServerSilent`], quoting the end of the log.
    pub(crate) fn wait_until(
        &mut self,
        limit: Duration,
        log: &Path,
        mut ready: impl FnMut() -> bool,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        while !ready() {
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
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Returns the number of its process.
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Returns the fences that it runs behind.
    pub(crate) fn fences(&self) -> &Fences {
        &self.fences
    }

    /// Returns what ends the server from another thread.
    pub(crate) fn breaker(&self) -> Breaker {
        Breaker(pid(&self.child))
    }

    /// Lets the server go on when dropped.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Signals the server and waits; says whether it ended.
    fn stop_with(&mut self, signal: Signal) -> bool {
        // The child was not waited for yet, so the number cannot have passed to another process.
        if self.status().is_none() && kill(pid(&self.child), signal).is_ok() {
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
        signals::forget_server(&self.folder);
        // SIGQUIT is an immediate shutdown: nobody needs what the server would still write.
        if !self.kept && !self.stop_with(Signal::SIGQUIT) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Process numbers are positive and fit: `pid_t` is signed.
fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Returns the end of a log.
pub(crate) fn log_tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LOG_TAIL)..]).trim_end().to_owned()
}
