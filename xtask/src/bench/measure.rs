//! Running one program and measuring it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::process::line;

/// How often a running program's memory is looked at.
const PERIOD: Duration = Duration::from_millis(1);

/// What one run of a program took.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// From start to end.
    pub wall: Duration,
    /// Processor time, user and system together, of all its threads.
    pub cpu: Duration,
    /// The most memory it had at once, in bytes, mapped files included; unknown if it ended too soon, or off Linux.
    pub resident: Option<u64>,
    /// The most anonymous memory (heap and stacks, no mapped files) seen at once, in bytes.
    pub anonymous: Option<u64>,
}

/// Runs a program to its end, discarding its stdout; one that ends with none of the codes is an error that quotes its stderr.
///
/// No other child of this process may end meanwhile: its processor time would count as this one's.
pub fn measure(command: &mut Command, codes: &[i32]) -> Result<Sample> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let cpu_before = cpu(UsageWho::RUSAGE_CHILDREN)?;
    let begin = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run `{}`", line(command)))?;
    let number = child.id();
    let ended = AtomicBool::new(false);
    let (output, wall, memory) = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(number, &ended));
        let output = Child::wait_with_output(child);
        let wall = begin.elapsed();
        ended.store(true, Ordering::Relaxed);
        (output, wall, watcher.join())
    });
    let output = output.with_context(|| format!("cannot run `{}`", line(command)))?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed with {}: {}", line(command), output.status, stderr.trim_end());
    }
    let (resident, anonymous) = memory.unwrap_or_default();
    let cpu = cpu(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(cpu_before);
    Ok(Sample { wall, cpu, resident, anonymous })
}

/// Does something within this process and measures it; whose memory it is cannot be told.
pub fn measure_here(work: impl FnOnce() -> Result<()>) -> Result<Sample> {
    let cpu_before = cpu(UsageWho::RUSAGE_SELF)?;
    let begin = Instant::now();
    work()?;
    let wall = begin.elapsed();
    let cpu = cpu(UsageWho::RUSAGE_SELF)?.saturating_sub(cpu_before);
    Ok(Sample { wall, cpu, resident: None, anonymous: None })
}

/// Returns the peak of resident and of anonymous memory of a process, in bytes, as far as proc(5) shows them.
fn watch(number: u32, ended: &AtomicBool) -> (Option<u64>, Option<u64>) {
    let path = format!("/proc/{number}/status");
    let (mut resident, mut anonymous) = (None, None);
    while !ended.load(Ordering::Relaxed) {
        if let Ok(status) = fs::read_to_string(&path) {
            // Between fork and exec it is still a copy of ourselves.
            if !status.starts_with("Name:\txtask\n") {
                resident = resident.max(field(&status, "VmHWM"));
                anonymous = anonymous.max(field(&status, "RssAnon"));
            }
        }
        thread::sleep(PERIOD);
    }
    (resident, anonymous)
}

fn field(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// Returns the processor time of this process, or of all children that ended and were waited for.
fn cpu(who: UsageWho) -> Result<Duration> {
    let usage = getrusage(who).context("cannot read the processor time")?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_bytes() {
        let status = "Name:\twc\nVmHWM:\t    2048 kB\nRssAnon:\t     100 kB\n";
        assert_eq!(field(status, "VmHWM"), Some(2048 * 1024));
        assert_eq!(field(status, "RssAnon"), Some(100 * 1024));
        assert_eq!(field(status, "VmSwap"), None);
    }

    #[test]
    fn failure_is_quoted() {
        let error = measure(Command::new("sh").args(["-c", "echo no luck >&2; exit 3"]), &[0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo no luck >&2; exit 3'` failed with exit status: 3: no luck"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_seen() {
        let sample = measure(Command::new("sleep").arg("0.2"), &[0]).unwrap();
        assert!(sample.wall >= Duration::from_millis(200));
        assert!(sample.resident.unwrap() >= sample.anonymous.unwrap());
    }
}
