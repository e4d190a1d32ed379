//! A service and a timer of systemd.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;

use super::Job;

/// What our files begin with, by which they are known to be ours.
const HEADER: &str = "# Written by pgdump-take schedule";

/// Returns the names of the files and what is in them.
pub fn units(job: &Job) -> [(String, String); 2] {
    [(format!("{}.service", job.name), service(job)), (format!("{}.timer", job.name), timer(job))]
}

/// Writes the files and starts the timer; returns what was done, in lines.
///
/// # Errors
/// When a file is somebody else's or cannot be written, or systemd refuses it.
pub fn install(job: &Job, folder: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    for path in write(job, folder)? {
        let _ = writeln!(text, "written: {}", cli::escape(&path));
    }
    scratch::run(Command::new("systemctl").arg("daemon-reload"))?;
    let timer = format!("{}.timer", job.name);
    scratch::run(Command::new("systemctl").args(["enable", "--now", &timer]))?;
    let _ = writeln!(text, "started: {timer}");
    Ok(text)
}

/// Writes the files, or none if one of them is in the place of somebody else's.
fn write(job: &Job, folder: &Path) -> anyhow::Result<Vec<String>> {
    let units = units(job).map(|(file, text)| (folder.join(file), text));
    for (path, _) in &units {
        let is_ours = is_ours(path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(is_ours, "not written by this program, and not replaced: {}", path.display());
    }
    for (path, text) in &units {
        let written = NamedTempFile::with_prefix_in(".pgdump-take.", folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().set_permissions(Permissions::from_mode(0o644))?;
            file.as_file().sync_all()?;
            Ok(file.persist(path)?)
        });
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(units.map(|(path, _)| path.display().to_string()).into())
}

/// Says whether there is nothing yet, or a file of ours.
fn is_ours(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(fs::read(path)?.starts_with(HEADER.as_bytes())),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Returns the service (systemd.service(5), systemd.exec(5)).
fn service(job: &Job) -> String {
    let command = job.command.iter().enumerate();
    let command: Vec<String> =
        command.map(|(at, word)| if at == 0 { path(word) } else { argument(word) }).collect();
    let mut text = format!(
        "{HEADER}\n\
         [Unit]\n\
         Description=Back up PostgreSQL: {name}\n\
         Wants=network-online.target\n\
         After=network-online.target postgresql.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         TimeoutStartSec={timeout}\n\
         ExecStart={command}\n",
        timeout = job.timeout,
        name = job.name,
        command = command.join(" "),
    );
    if let Some(user) = &job.user {
        let _ = writeln!(text, "User={}", user);
    }
    text.push_str(
        "UMask=0077\n\
         NoNewPrivileges=yes\n\
         ProtectSystem=strict\n\
         ProtectHome=read-only\n\
         PrivateTmp=yes\n\
         PrivateDevices=yes\n\
         ProtectClock=yes\n\
         ProtectHostname=yes\n\
         ProtectControlGroups=yes\n\
         ProtectKernelLogs=yes\n\
         ProtectKernelModules=yes\n\
         ProtectKernelTunables=yes\n\
         RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n\
         RestrictRealtime=yes\n\
         RestrictSUIDSGID=yes\n\
         LockPersonality=yes\n\
         SystemCallArchitectures=native\n",
    );
    match &job.folder {
        Some(folder) => _ = writeln!(text, "ReadWritePaths={}", path(folder)),
        // What could not be sent has to be there for the next run, and no unit that all may read holds a store's secrets.
        None => {
            _ = writeln!(
                text,
                "CacheDirectory={name}\nCacheDirectoryMode=0700\nEnvironment=TMPDIR=%C/{name}\n\
                 EnvironmentFile=-/etc/{name}.env",
                name = job.name
            );
        }
    }
    text
}

/// Returns the timer; a run that was missed while the machine was off is made up for (systemd.timer(5)).
fn timer(job: &Job) -> String {
    format!(
        "{HEADER}\n\
         [Unit]\n\
         Description=Back up PostgreSQL regularly: {name}\n\
         \n\
         [Timer]\n\
         OnCalendar={when}\n\
         Persistent=true\n\
         RandomizedDelaySec=5min\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        name = job.name,
        when = job.when.replace('%', "%%"),
    )
}

/// Quotes an argument of `ExecStart` ("Command lines" in systemd.service(5)): neither specifiers nor variables are
/// expanded.
fn argument(word: &str) -> String {
    path(word).replace('$', "$$")
}

/// Quotes a path, in which systemd expands specifiers and no variables.
fn path(word: &str) -> String {
    let mut quoted = String::from("\"");
    for char in word.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '%' => quoted.push_str("%%"),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::tests::job;
    use super::*;

    #[test]
    fn only_files_of_ours_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let job = job(&["/usr/bin/pgdump-take", "--dir", "/backups"]);
        let paths = write(&job, folder).unwrap();
        for ((file, text), path) in units(&job).iter().zip(paths) {
            assert_eq!(
                (folder.join(file), fs::read_to_string(&path).unwrap()),
                (path.clone().into(), text.clone())
            );
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o644);
        }
        write(&job, folder).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 2);

        // Nothing is written if one of the two is somebody else's, be it a link to a file of ours.
        let (service, timer) = (folder.join("shop.service"), folder.join("shop.timer"));
        fs::remove_file(&service).unwrap();
        fs::write(&timer, "[Timer]\n").unwrap();
        let error = write(&job, folder).unwrap_err().to_string();
        assert!(error.starts_with("not written by this program") && !service.exists(), "{error}");
        fs::rename(&timer, folder.join("other")).unwrap();
        fs::write(folder.join("other"), HEADER).unwrap();
        std::os::unix::fs::symlink("other", &timer).unwrap();
        assert!(write(&job, folder).is_err());
    }

    #[test]
    fn words_mean_themselves() {
        let quoted = ["", "a b", "$HOME 5%", "\"\\"].map(argument);
        assert_eq!(quoted, [r#""""#, r#""a b""#, r#""$$HOME 5%%""#, r#""\"\\""#]);
        assert_eq!(path("/b/$x 5%"), r#""/b/$x 5%%""#);
    }
}
