//! A server that was given, with a database and roles of ours in it.
//!
//! Everything that is made carries the same comment, which names the run; a lock that the run holds says that it lives.
//! Nothing of the backup runs as a superuser here, since no fence keeps this server from its machine.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use cli::Failure;
use connect::{Client, Environment, Parameters, Row, Secret};
use dump::Name;
use postgres_protocol::password::scram_sha_256;
use scratch::AtSignal;

use super::{RESTORER, random};

const DATABASE: &str = "pgdumpkit_verify_";
const MARK: &str = "pgdump-verify, scratch of run ";
const KEPT: &str = "restored and kept by pgdump-verify";

/// How long it may take to reach the server when a signal has come.
const HASTE: Duration = Duration::from_secs(5);

/// A run's place on a server that others use as well.
pub struct Given {
    admin: Parameters,
    run: Run,
    major: u32,
    /// The role that restores, made for this run; none where the given role, which is no superuser, does so itself.
    restorer: Option<Secret>,
    /// Holds the lock that says that the run lives.
    lock: Option<Client>,
    at_signal: Option<AtSignal>,
}

/// What tells one run from all others: when it began, in seconds since 1970, and a random number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    time: u64,
    number: u64,
}

impl Run {
    fn new() -> Result<Run, Failure> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let number = u64::from_str_radix(&random()?[..16], 16)?;
        Ok(Run { time, number })
    }

    fn read(name: &str) -> Option<Run> {
        let (time, number) = name.split_once('_')?;
        let run = Run { time: time.parse().ok()?, number: u64::from_str_radix(number, 16).ok()? };
        (run.name() == name).then_some(run)
    }

    fn of_comment(comment: &str) -> Option<Run> {
        Run::read(comment.strip_prefix(MARK)?)
    }

    /// Reads it out of the name of a database of ours, in which nothing needs quoting.
    fn of_database(name: &str) -> Option<Run> {
        let (run, rest) = name.strip_prefix(DATABASE)?.rsplit_once('_')?;
        rest.bytes().all(|byte| byte.is_ascii_digit()).then(|| Run::read(run))?
    }

    fn name(&self) -> String {
        format!("{}_{:016x}", self.time, self.number)
    }

    fn comment(&self) -> String {
        format!("{MARK}{}", self.name())
    }
}

impl Given {
    /// Connects, and removes what dead runs left there.
    ///
    /// # Errors
    /// When the server cannot be reached or the role may not create databases.
    pub fn connect(url: &str, notes: &mut Vec<String>) -> Result<Given, Failure> {
        let admin = Parameters::resolve(url, &Environment::of_process())?;
        notes.extend(admin.warnings.iter().cloned());
        let mut client = Client::connect(&admin)?;
        for removed in remove_dead(&mut client)? {
            notes.push(format!("removed, a dead run left it: {removed}"));
        }
        let rows = client.query(
            b"SELECT rolsuper, rolcreatedb, pg_catalog.current_setting('server_version_num') \
              FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER",
        )?;
        let of = |at: usize| rows.first().and_then(|row| text(row, at)).unwrap_or_default();
        let superuser = of(0) == "t";
        if !superuser && of(1) != "t" {
            return Err(anyhow!("role may not create databases on the given server: {}", admin.user).into());
        }
        let major = of(2).parse::<u32>().map_or(0, |number| number / 10_000);
        let run = Run::new()?;
        client.execute(
            format!("SELECT pg_catalog.pg_advisory_lock({})", run.number.cast_signed()).as_bytes(),
        )?;
        let mut given = Given { admin, run, major, restorer: None, lock: Some(client), at_signal: None };
        given.admin = given.admin.clone().with_setting("application_name", &given.run.comment());
        let (to, run) = (given.in_haste(), given.run.clone());
        given.at_signal = Some(scratch::at_signal(move || {
            end_sessions(&to, &run);
            remove_at_last(&to, &run);
        }));
        if superuser {
            let secret = random()?;
            let role = given.restorer_name();
            let verifier = scram_sha_256(secret.as_bytes());
            // Both or neither: a role without the comment would be nobody's.
            let sql = format!(
                "CREATE ROLE {role} LOGIN BYPASSRLS PASSWORD '{verifier}'; COMMENT ON ROLE {role} IS '{}'",
                given.run.comment()
            );
            Client::connect(&given.admin)?.execute(sql.as_bytes())?;
            given.restorer = Some(Secret::from(secret));
        } else {
            notes.push(format!("restored as the given role, which is no superuser: {}", given.admin.user));
        }
        Ok(given)
    }

    fn in_haste(&self) -> Parameters {
        Parameters { connect_timeout: Some(HASTE), ..self.admin.clone() }
    }

    fn admin_runs(&self, sql: &str) -> Result<(), Failure> {
        // Each alone: a database cannot be made together with something else.
        let mut client = Client::connect(&self.admin)?;
        for statement in sql.split("; ") {
            client.execute(statement.as_bytes())?;
        }
        Ok(())
    }

    /// Returns the server's major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Returns what the roles that are made here are marked with.
    pub fn comment(&self) -> String {
        self.run.comment()
    }

    fn restorer_name(&self) -> String {
        format!("{RESTORER}_{}", self.run.name())
    }

    /// Returns the name of one of the run's databases.
    pub fn database(&self, name: &str) -> String {
        format!("{DATABASE}{}_{name}", self.run.name())
    }

    /// Creates a database, and returns the given role's and the restoring role's way into it.
    ///
    /// # Errors
    /// When the server cannot make it, or does not let the restoring role in.
    pub fn create_database(
        &self,
        name: &str,
        locale: &str,
        everybody_creates: bool,
    ) -> Result<(Parameters, Parameters), Failure> {
        let database = self.database(name);
        let admin = self.admin.with_database(&database);
        let mut restorer = admin.clone();
        if let Some(secret) = &self.restorer {
            restorer = restorer.with_user(&self.restorer_name());
            restorer.password = Some(secret.clone());
        }
        let owner = String::from_utf8_lossy(&Name::from(restorer.user.as_str()).to_sql()).into_owned();
        let comment = self.run.comment();
        self.admin_runs(&format!(
            "CREATE DATABASE {database} TEMPLATE template0 OWNER {owner}{locale}; \
             COMMENT ON DATABASE {database} IS '{comment}'; REVOKE ALL ON DATABASE {database} FROM PUBLIC"
        ))?;
        if let Err(error) = Client::connect(&restorer) {
            return Err(Failure::from(error).with_hint(
                "the given server does not let in the role that was made to restore (`pg_hba.conf`); \
                 connect as a role that is no superuser and may create databases",
            ));
        }
        if everybody_creates {
            let mut client = Client::connect(&restorer)?;
            // Not the restoring role's before 15, where everybody can already.
            let _ = client.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC");
        }
        Ok((admin, restorer))
    }

    /// Returns what ends everything that runs in the run's databases.
    pub fn breaker(&self) -> impl FnOnce() + Send + 'static {
        let (to, run) = (self.in_haste(), self.run.clone());
        move || {
            if let Ok(mut client) = Client::connect(&to) {
                let _ = close(&mut client, &run);
            }
        }
    }

    /// Leaves a database under a name, its owner the given role.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn keep(&self, name: &str, as_name: &str) -> Result<String, Failure> {
        let database = self.database(name);
        let sql = |name: &str| String::from_utf8_lossy(&Name::from(name).to_sql()).into_owned();
        let admin = sql(&self.admin.user);
        if self.restorer.is_some() {
            let to = self.admin.with_database(&database).with_setting("session_replication_role", "replica");
            let restorer = self.restorer_name();
            let mut client = Client::connect(&to)?;
            client.execute(format!("REASSIGN OWNED BY {restorer} TO {admin}").as_bytes())?;
            client.execute(format!("DROP OWNED BY {restorer}").as_bytes())?;
        }
        let mut client = Client::connect(&self.admin)?;
        // Stand-ins own what is kept, and stay with it.
        for role in roles(&mut client)? {
            if role.1 == self.run && role.0 != self.restorer_name() {
                client.execute(format!("COMMENT ON ROLE {} IS '{KEPT}'", sql(&role.0)).as_bytes())?;
            }
        }
        drop(client);
        self.admin_runs(&format!("ALTER DATABASE {database} RENAME TO {}", sql(as_name)))?;
        self.admin_runs(&format!("COMMENT ON DATABASE {} IS '{KEPT}'", sql(as_name)))?;
        Ok(self.admin.with_database(as_name).to_string())
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        remove_at_last(&self.in_haste(), &self.run);
        drop(self.lock.take());
        drop(self.at_signal.take());
    }
}

/// Ends what the run does on the server besides this.
fn end_sessions(to: &Parameters, run: &Run) {
    let sql = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE application_name = pg_catalog.left('{}', 63) AND pid <> pg_catalog.pg_backend_pid()",
        run.comment()
    );
    if let Ok(mut client) = Client::connect(to) {
        // What cannot be ended, removing its database ends.
        let _ = client.execute(sql.as_bytes());
    }
}

/// Removes what the run made. What cannot be removed now, because the server is gone, the next run removes.
fn remove_at_last(to: &Parameters, run: &Run) {
    const ATTEMPTS: u32 = 3;
    for attempt in 0..ATTEMPTS {
        let removed = Client::connect(to).and_then(|mut client| remove(&mut client, run));
        if removed.is_ok() {
            return;
        }
        // Two threads may be at it, or a session of ours not have ended yet.
        thread::sleep(Duration::from_millis(100) * (attempt + 1));
    }
}

/// Removes what runs left on a server that hold no lock any more; returns what it was.
///
/// # Errors
/// When the server refuses.
pub fn remove_dead(client: &mut Client) -> Result<Vec<String>, connect::Error> {
    let mut runs: Vec<Run> = Vec::new();
    for (_, run) in databases(client)?.into_iter().chain(roles(client)?) {
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    let mut removed = Vec::new();
    for run in runs {
        let (high, low) = (run.number >> 32, run.number & 0xffff_ffff);
        let alive = client.query(
            format!(
                "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
                 AND classid::pg_catalog.int8 = {high} AND objid::pg_catalog.int8 = {low}"
            )
            .as_bytes(),
        )?;
        if alive.is_empty() {
            removed.extend(remove(client, &run)?);
        }
    }
    Ok(removed)
}

/// Lists the roles that carry a run's mark.
fn roles(client: &mut Client) -> Result<Vec<(String, Run)>, connect::Error> {
    let rows = client.query(
        b"SELECT rolname, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles ORDER BY 1",
    )?;
    let known = rows.iter().filter_map(|row| Some((text(row, 0)?, Run::of_comment(&text(row, 1)?)?)));
    Ok(known.collect())
}

/// Lists the databases that are a run's by their name, and by their comment or, since a backup may change that, their
/// owner.
fn databases(client: &mut Client) -> Result<Vec<(String, Run)>, connect::Error> {
    let rows = client.query(
        b"SELECT datname, pg_catalog.shobj_description(oid, 'pg_database'), pg_catalog.pg_get_userbyid(datdba), \
          datdba = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER) \
          FROM pg_catalog.pg_database ORDER BY 1",
    )?;
    let known = rows.iter().filter_map(|row| {
        let name = text(row, 0)?;
        let run = Run::of_database(&name)?;
        let commented = text(row, 1).is_some_and(|comment| comment == run.comment());
        let owned = text(row, 2)? == format!("{RESTORER}_{}", run.name()) || text(row, 3)? == "t";
        (commented || owned).then_some((name, run))
    });
    Ok(known.collect())
}

/// Ends whatever runs in a run's databases, and lets nobody in any more.
fn close(client: &mut Client, run: &Run) -> Result<Vec<String>, connect::Error> {
    let mut closed = Vec::new();
    for (name, of) in databases(client)? {
        if of != *run {
            continue;
        }
        client.execute(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false").as_bytes())?;
        let end = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = '{name}'"
        );
        client.execute(end.as_bytes())?;
        closed.push(name);
    }
    Ok(closed)
}

/// Removes a run's databases and roles; returns their names.
fn remove(client: &mut Client, run: &Run) -> Result<Vec<String>, connect::Error> {
    let mut removed = close(client, run)?;
    for name in &removed {
        client.execute(format!("DROP DATABASE {name}").as_bytes())?;
    }
    for (name, of) in roles(client)? {
        if of == *run {
            client.execute(&[b"DROP ROLE ", &*Name::from(name.as_str()).to_sql()].concat())?;
            removed.push(name);
        }
    }
    Ok(removed)
}

fn text(row: &Row, at: usize) -> Option<String> {
    row.get(at)?.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_comment() {
        let run = Run { time: 7, number: 0xab };
        assert_eq!(run.name(), "7_00000000000000ab");
        assert_eq!(Run::of_comment(&run.comment()), Some(run));
        assert_eq!(Run::of_comment("my own"), None);
        assert_eq!(Run::of_database("pgdumpkit_verify_7_00000000000000ab_0").unwrap().number, 0xab);
        for name in ["pgdumpkit_verify_7_ab_0", "pgdumpkit_verify_7_00000000000000ab_0; x", "postgres"] {
            assert_eq!(Run::of_database(name), None, "{name}");
        }
    }
}
