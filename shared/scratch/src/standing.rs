//! What the fences that stand keep away, in words.

use crate::Fences;

/// The fences that were tried: which stand, and why the others do not.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// Namespaces for network and shared memory.
    pub network: bool,
    /// A namespace for processes.
    pub processes: bool,
    /// A root folder that shows what the server needs.
    pub root: Result<(), String>,
    /// Landlock, and which version.
    pub landlock: Result<i32, String>,
    /// No system calls that connect.
    pub seccomp: Result<(), String>,
}

/// The versions of Landlock since which it holds more than files.
const TRUNCATION: i32 = 3;
const TCP: i32 = 4;
const SIGNALS: i32 = 6;

impl Standing {
    /// Says what is kept away by what means, and what is not.
    pub fn tell(&self) -> Fences {
        let mut fences = Fences::default();
        self.connections(&mut fences);
        self.files(&mut fences);
        self.processes(&mut fences);
        fences.enclosed = self.root.is_ok() || self.landlock.is_ok();
        fences
    }

    fn connections(&self, fences: &mut Fences) {
        let mut means = Vec::new();
        if self.network && self.root.is_ok() {
            means.push("a network and a root folder of its own");
        }
        if self.seccomp.is_ok() {
            means.push("seccomp");
        }
        fences.sealed = !means.is_empty();
        if fences.sealed {
            let means = means.join(", ");
            return fences
                .held
                .push(format!("connections to others, over networks and Unix sockets: {means}"));
        }
        let no_seccomp = self.seccomp.as_ref().err().map_or("", String::as_str);
        match self.landlock {
            _ if self.network => fences.held.push("networks: a namespace of its own".to_owned()),
            Ok(version) if version >= TCP => {
                fences.held.push(format!("TCP: Landlock, version {version}"));
                fences.missing.push(format!(
                    "networks by other protocols than TCP (no namespace; no seccomp: {no_seccomp})"
                ));
            }
            _ => fences.missing.push(format!("networks (no namespace; no seccomp: {no_seccomp})")),
        }
        match &self.root {
            Err(why) => fences.missing.push(format!(
                "Unix sockets of others, as far as the server's user may use them \
                 (no root folder of its own: {why}; no seccomp: {no_seccomp})"
            )),
            Ok(()) => {
                fences
                    .held
                    .push("Unix sockets of others that are files: a root folder of its own".to_owned());
                fences
                    .missing
                    .push(format!("Unix sockets that are no files (no namespace; no seccomp: {no_seccomp})"));
            }
        }
    }

    fn files(&self, fences: &mut Fences) {
        match (&self.root, &self.landlock) {
            (Ok(()), Ok(version)) => fences.held.push(format!(
                "files and programs outside of its folder: a root folder of its own, Landlock, version {version}"
            )),
            (Err(_), Ok(version)) => {
                fences.held.push(format!("files and programs outside of its folder: Landlock, version {version}"));
                if *version < TRUNCATION {
                    fences.missing.push(format!(
                        "cutting off what is in files that the server's user may write (needs Landlock, version {TRUNCATION})"
                    ));
                }
            }
            (Ok(()), Err(why)) => {
                fences.held.push("files of others: a root folder of its own".to_owned());
                fences.missing.push(format!("programs in the folders of libraries (no Landlock: {why})"));
            }
            (Err(no_root), Err(why)) => fences.missing.push(format!(
                "files and programs that the server's user may use (no root folder of its own: {no_root}; no Landlock: {why})"
            )),
        }
    }

    fn processes(&self, fences: &mut Fences) {
        let signals = match self.landlock {
            _ if self.processes => Ok("a namespace of its own".to_owned()),
            Ok(version) if version >= SIGNALS => Ok(format!("Landlock, version {version}")),
            _ => Err(format!("no namespace, no Landlock of version {SIGNALS}")),
        };
        match signals {
            Ok(means) => fences.held.push(format!("signals to other processes: {means}")),
            Err(why) => {
                fences.missing.push(format!("signals to other processes of the server's user ({why})"));
            }
        }
        match self.network {
            true => fences.held.push("shared memory of others: a namespace of its own".to_owned()),
            false => {
                let what = "System V shared memory of other processes of the server's user (no namespace)";
                fences.missing.push(what.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_what_stands_in_every_combination() {
        let no = || Err("why".to_owned());
        let versions = [no().map(|()| 0), Ok(1), Ok(3), Ok(4), Ok(6)];
        for (number, landlock) in
            (0..16).flat_map(|number| versions.iter().map(move |version| (number, version)))
        {
            let bit = |at: u8| number & (1 << at) != 0;
            let result = |at| if bit(at) { Ok(()) } else { no() };
            let standing = Standing {
                network: bit(0),
                processes: bit(1),
                root: result(2),
                landlock: landlock.clone(),
                seccomp: result(3),
            };
            let fences = standing.tell();
            let version = *landlock.as_ref().unwrap_or(&0);
            let held = |what: &str| fences.held.iter().any(|line| line.starts_with(what));
            let missing = |what: &str| fences.missing.iter().any(|line| line.starts_with(what));
            assert_eq!(fences.sealed, bit(3) || (bit(0) && bit(2)), "{standing:?}");
            assert_eq!(fences.enclosed, bit(2) || landlock.is_ok(), "{standing:?}");
            assert_eq!(missing("files and programs"), !fences.enclosed, "{standing:?}");
            assert_eq!(held("connections to others"), fences.sealed, "{standing:?}");
            assert_eq!(missing("networks"), !fences.sealed && !bit(0), "{standing:?}");
            assert_eq!(missing("networks ("), !fences.sealed && !bit(0) && version < 4, "{standing:?}");
            assert_eq!(missing("Unix sockets"), !fences.sealed, "{standing:?}");
            assert_eq!(missing("Unix sockets of others, as far"), !fences.sealed && !bit(2), "{standing:?}");
            assert_eq!(missing("files and programs"), !bit(2) && landlock.is_err(), "{standing:?}");
            assert_eq!(missing("programs"), bit(2) && landlock.is_err(), "{standing:?}");
            assert_eq!(missing("cutting"), !bit(2) && version > 0 && version < 3, "{standing:?}");
            assert_eq!(missing("signals"), !bit(1) && version < 6, "{standing:?}");
            assert_eq!(missing("System V"), !bit(0), "{standing:?}");
        }
    }
}
