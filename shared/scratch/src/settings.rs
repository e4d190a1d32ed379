//! The settings of a cluster.
//!
//! Sizes go by the memory of the machine, or of the control group (cgroup) this process is in. All of a cluster's
//! larger buffers together take at most an eighth of it: a third of that eighth is `shared_buffers`, up to 512 MB; the
//! rest is shared by the connections that build indexes, up to 64 MB each (`maintenance_work_mem`): what is sorted then stays
//! near the processor, and indexes of a gigabyte took two thirds of the time that they took with 512 MB.

use std::fs;
use std::path::Path;

const MB: u64 = 1 << 20;

/// What every cluster sets. All of these exist since PostgreSQL 10.
const EVERY: [&str; 15] = [
    // Reached through the socket in its own folder only.
    "listen_addresses=",
    // Nothing here outlives a crash, so nothing needs to reach the disk in order.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    // Publications and subscriptions can still be created, with a warning.
    "wal_level=minimal",
    "max_wal_senders=0",
    // No background work between us and what is measured or compared.
    "autovacuum=off",
    // One transaction may touch all tables of a big schema.
    "max_locks_per_transaction=1024",
    "max_connections=50",
    "huge_pages=off",
    // Messages go to the folder's log, in English.
    "logging_collector=off",
    "log_destination=stderr",
    "lc_messages=C",
    // The same answers on every machine.
    "timezone=UTC",
    "log_timezone=UTC",
];

/// What a cluster sets as well that a backup is restored into.
const RESTORING: [&str; 10] = [
    // Whoever restores, and compares, reads all large objects, as the superuser would who usually restores.
    "lo_compat_privileges=on",
    // The server has no folder but its own: none in /dev/shm.
    "dynamic_shared_memory_type=mmap",
    // A crash ends the run; what recovery would take is time.
    "restart_after_crash=off",
    // No checkpoint while the restore runs.
    "checkpoint_timeout=1d",
    "max_wal_size=8GB",
    // What is dirty is written when a buffer is needed, not before: most of it is never written.
    "bgwriter_lru_maxpages=0",
    "wal_buffers=16MB",
    "work_mem=16MB",
    // Each query of a comparison runs once, for less time than it would take to compile it.
    "jit=off",
    // The log is quoted in reports: no statements of the backup in it, which may hold passwords.
    "log_min_error_statement=panic",
];

/// Returns the settings of a cluster for tests.
pub(crate) fn plain() -> Vec<String> {
    EVERY.into_iter().chain(["shared_buffers=128MB"]).map(str::to_owned).collect()
}

/// Returns the settings of a cluster of this major version that `jobs` connections restore into.
pub fn restoring(major: u32, jobs: usize) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let (buffers, maintenance) = sizes(memory(), jobs);
    let mut settings: Vec<String> = EVERY.into_iter().chain(RESTORING).map(str::to_owned).collect();
    if major < 11 {
        settings.retain(|setting| !setting.starts_with("jit"));
    } else {
        // At the end, when fewer indexes than connections are left, idle processors help.
        settings.push(format!("max_parallel_maintenance_workers={}", (cores - 1).min(4)));
    }
    settings.push(format!("shared_buffers={buffers}MB"));
    settings.push(format!("maintenance_work_mem={maintenance}MB"));
    settings
}

/// Returns `shared_buffers` and `maintenance_work_mem`, in megabytes.
fn sizes(memory: u64, jobs: usize) -> (u64, u64) {
    let budget = memory / 8 / MB;
    let buffers = (budget / 3).clamp(16, 512);
    let each = budget.saturating_sub(buffers) / u64::try_from(jobs.max(1)).unwrap_or(1);
    (buffers, each.clamp(4, 64))
}

/// Returns the memory there is for us, in bytes; 1 GB where nothing tells.
fn memory() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text)).unwrap_or(1024 * MB);
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    limits(&groups, Path::new("/sys/fs/cgroup")).into_iter().fold(total, u64::min)
}

/// Reads proc(5)'s `meminfo`, which counts in KiB.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// Reads the limits of the control groups that a process is in, outer ones included; cgroups(7), both versions.
fn limits(groups: &str, mounted: &Path) -> Vec<u64> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (folder, file) = match controllers {
            "" => (mounted.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => {
                (mounted.join("memory"), "memory.limit_in_bytes")
            }
            _ => continue,
        };
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let limit = fs::read_to_string(folder.join(group).join(file)).ok();
            // `max` is none.
            found.extend(limit.and_then(|text| text.trim().parse::<u64>().ok()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_within_an_eighth() {
        assert_eq!(sizes(24 << 30, 2), (512, 64));
        assert_eq!(sizes(2 << 30, 2), (85, 64));
        for (gigabytes, jobs) in [(1, 1), (2, 4), (4, 2), (64, 16)] {
            let (buffers, each) = sizes(gigabytes << 30, jobs);
            assert!(buffers + each * jobs as u64 <= gigabytes * 128, "{gigabytes} {jobs}");
        }
    }

    #[test]
    fn the_narrowest_limit_counts() {
        assert_eq!(total("MemTotal:       24684052 kB\nMemFree: 1 kB\n"), Some(24684052 << 10));
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(folder.path().join("a/memory.max"), "1000\n").unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        assert_eq!(limits("0::/a/b\n", folder.path()), [1000]);
        fs::create_dir_all(folder.path().join("memory/c")).unwrap();
        fs::write(folder.path().join("memory/c/memory.limit_in_bytes"), "77\n").unwrap();
        assert_eq!(limits("4:cpu,memory:/c\n3:pids:/a\n", folder.path()), [77]);
    }
}
