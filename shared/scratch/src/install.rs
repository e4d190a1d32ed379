//! Installing a PostgreSQL server where there is none.

use std::fs;
use std::process::Command;

use nix::unistd::geteuid;

use crate::child::run;
use crate::{Error, Programs};

const DEBIAN_PACKAGES: [&str; 2] = ["postgresql", "postgresql-contrib"];

/// Finds a PostgreSQL server, and as root on Debian or Ubuntu installs one first if there is none.
///
/// Installing runs `apt-get update` and `apt-get install -y postgresql postgresql-contrib`, which may take minutes.
///
/// # Errors
///
/// [`Error::NeedsInstall`] names the exact command for this system where it cannot install by itself;
/// [`Error::Failed`] quotes `apt-get`.
///
/// ```no_run
/// # fn main() -> Result<(), scratch::Error> {
/// let programs = scratch::ensure()?;
/// # Ok(())
/// # }
/// ```
pub fn ensure() -> Result<Programs, Error> {
    match Programs::find() {
        Err(Error::NoServer { .. }) => {}
        found => return found,
    }
    if !install(&DEBIAN_PACKAGES)? {
        return Err(Error::NeedsInstall { command: System::here().install_command() });
    }
    Programs::find()
}

/// Installs Debian's packages of these names, and says whether this system and user can.
pub(crate) fn install(packages: &[&str]) -> Result<bool, Error> {
    if System::here() != System::Debian || !geteuid().is_root() {
        return Ok(false);
    }
    run(apt_get().arg("update"))?;
    run(apt_get().args(["install", "-y"]).args(packages))?;
    Ok(true)
}

/// Returns the command that installs a PostgreSQL server on this system.
pub fn install_command() -> String {
    System::here().install_command()
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The families of systems whose way to install PostgreSQL is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Arch,
    Alpine,
    MacOs,
    Unknown,
}

impl System {
    fn here() -> System {
        if cfg!(target_os = "macos") {
            return System::MacOs;
        }
        fs::read_to_string("/etc/os-release").map_or(System::Unknown, |text| System::of_release(&text))
    }

    /// Reads the family out of os-release(5): `ID` names the system, `ID_LIKE` the ones it derives from.
    fn of_release(text: &str) -> System {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim_matches(['"', '\'']).to_owned())
                .unwrap_or_default()
        };
        format!("{} {}", value("ID"), value("ID_LIKE"))
            .split_whitespace()
            .find_map(|id| match id {
                "debian" | "ubuntu" => Some(System::Debian),
                "fedora" | "rhel" | "centos" => Some(System::Fedora),
                "arch" => Some(System::Arch),
                "alpine" => Some(System::Alpine),
                _ => None,
            })
            .unwrap_or(System::Unknown)
    }

    fn install_command(self) -> String {
        match self {
            System::Debian => format!("sudo apt-get install -y {}", DEBIAN_PACKAGES.join(" ")),
            System::Fedora => "sudo dnf install -y postgresql-server postgresql-contrib".to_owned(),
            System::Arch => "sudo pacman -S postgresql".to_owned(),
            System::Alpine => "sudo apk add postgresql postgresql-contrib".to_owned(),
            System::MacOs => "brew install postgresql@18".to_owned(),
            System::Unknown => {
                "your package manager, then set `PGDUMPKIT_PG_BINDIR` to the folder of `initdb`".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_system_by_its_id_or_by_what_it_is_like() {
        assert_eq!(System::of_release("NAME=x\nID=debian\n"), System::Debian);
        assert_eq!(System::of_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(System::of_release("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(System::of_release("ID=alpine\n"), System::Alpine);
        assert_eq!(System::of_release("ID=plan9\n"), System::Unknown);
    }
}
