//! The process that cleans up when ours is killed.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Error;
use crate::child::command_line;

/// Ends the server and removes the folder when this process dies without doing so.
///
/// The shell waits on a pipe whose other end only we hold. `watch` on it names the server; `done` means that we did the
/// work ourselves; its end without that word means that we are gone. A server that it was not told of yet is looked for by
/// its command line; where there is none yet, `initdb` may still write, and the next run removes the folder.
const SCRIPT: &str = r#"server=
while read -r word number; do
    case $word in
        watch) server=$number ;;
        done) exit 0 ;;
    esac
done
if [ -z "$server" ]; then
    for file in $(grep -las -e "$1/run/data" /proc/[0-9]*/cmdline); do
        number=${file#/proc/}
        number=${number%/cmdline}
        [ "$(cat "/proc/$number/comm" 2>/dev/null)" = postgres ] && server=$number && break
    done
fi
[ -n "$server" ] || exit 0
kill -QUIT "$server" 2>/dev/null
n=0
while kill -0 "$server" 2>/dev/null && [ "$n" -lt 25 ]; do sleep 0.2; n=$((n + 1)); done
kill -KILL "$server" 2>/dev/null
rm -rf -- "$1""#;

/// A shell that waits for our end.
#[derive(Debug)]
pub(crate) struct Warden(Child);

impl Warden {
    /// Starts it for a folder.
    pub fn start(folder: &Path) -> Result<Warden, Error> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "warden"]).arg(folder).current_dir("/");
        // Its own process group: what ends ours does not end it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child =
            command.spawn().map_err(|source| Error::Run { command: command_line(&command), source })?;
        Ok(Warden(child))
    }

    /// Names the server.
    pub fn watch(&mut self, server: u32) {
        self.tell(&format!("watch {server}\n"));
    }

    fn tell(&mut self, words: &str) {
        if let Some(stdin) = &mut self.0.stdin {
            // A warden that is gone cannot be told, and we have nobody else.
            let _ = stdin.write_all(words.as_bytes());
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.tell("done\n");
        let _ = self.0.wait();
    }
}
