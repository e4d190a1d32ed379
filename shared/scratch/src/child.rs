//! Child processes: their command line as text, and running them to their end.

use std::io::{self, Read, Write};
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::Error;

/// Returns the command line as one would type it into a shell.
pub(crate) fn command_line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+*".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs a program to its end with no input, and returns what it wrote.
///
/// # Errors
///
/// [`Error::Run`] if it cannot be started, [`Error::Failed`] if it exits with anything but 0.
pub fn run(command: &mut Command) -> Result<Output, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Run { command: command_line(command), source })?;
    check(command, output)
}

/// Runs a program to its end, feeding it `input`, discarding its stdout; otherwise as [`run`].
pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Result<Output, Error> {
    let trouble = |command: &Command, source| Error::Run { command: command_line(command), source };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| trouble(command, source))?;
    let stdin = child.stdin.take();
    let stderr = child.stderr.take();
    // stderr is drained beside the writing: a script with many complaints would otherwise fill that pipe, the
    // child would stop reading, and both sides would wait for ever.
    let (written, complaints) = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut bytes = Vec::new();
            match stderr {
                Some(mut stderr) => stderr.read_to_end(&mut bytes).map(|_| bytes),
                None => Ok(bytes),
            }
        });
        let written = match stdin {
            Some(mut stdin) => stdin.write_all(input),
            None => Ok(()),
        };
        let complaints = reader.join().unwrap_or_else(|_| Err(io::Error::other("reader of stderr panicked")));
        (written, complaints)
    });
    let status = child.wait().map_err(|source| trouble(command, source))?;
    let stderr = complaints.map_err(|source| trouble(command, source))?;
    let output = check(command, Output { status, stdout: Vec::new(), stderr })?;
    // A child that stops reading has usually failed, and its own words, checked above, say more than "broken pipe".
    written.map_err(|source| trouble(command, source))?;
    Ok(output)
}

pub(crate) fn check(command: &Command, output: Output) -> Result<Output, Error> {
    if output.status.success() {
        return Ok(output);
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(Error::Failed { command: command_line(command), status: output.status, stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_where_a_shell_needs_it() {
        let mut command = Command::new("psql");
        command.args(["-X", "-c", "select 'a'", ""]);
        assert_eq!(command_line(&command), r"psql -X -c 'select '\''a'\''' ''");
    }

    #[test]
    fn failure_quotes_command_and_stderr() {
        let error = run(Command::new("sh").args(["-c", "echo no luck >&2; exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo no luck >&2; exit 3'` failed with exit status: 3: no luck"
        );
    }

    #[test]
    fn big_input_and_big_stderr_do_not_block_each_other() {
        let input = vec![b'x'; 4 << 20];
        let output = feed(Command::new("sh").args(["-c", "cat >&2"]), &input).unwrap();
        assert_eq!(output.stderr, input);
    }
}
