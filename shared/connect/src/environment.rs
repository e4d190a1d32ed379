//! What libpq takes from a process's surroundings, as a value: only [`Environment::of_process`] looks around.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nix::unistd::{User, geteuid};

/// The variables, the home and the user name that connection parameters may come from.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables whose names begin with `PG`.
    pub variables: BTreeMap<String, String>,
    /// The folder of `.pgpass` and `.pg_service.conf`.
    pub home: Option<PathBuf>,
    /// The user's name in the operating system.
    pub user: Option<String>,
}

impl Environment {
    /// Reads those of this process.
    pub fn of_process() -> Environment {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("PG"))
            .collect();
        let account = User::from_uid(geteuid()).ok().flatten();
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        Environment {
            variables,
            home: home.or_else(|| account.as_ref().map(|account| account.dir.clone())),
            user: account.map(|account| account.name),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
