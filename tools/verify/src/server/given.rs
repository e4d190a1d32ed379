//! A server that was given, with a database and roles of ours in it.
//!
//! Everything that is made carries the same comment, which names the run; a lock that the run holds says that it lives.
//! Nothing of the backup runs as a superuser here, since no fence keeps this server from its machine.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use cli::Failure;
use connect::{ChannelBinding, Client, Parameters, Row, Secret};
use dump::Name;
use postgres_protocol::password::scram_sha_256;
use restore::Superuser;
use scratch::{AtSignal, Client as Program};

use super::{RESTORER, random};

const DATABASE: &str = "pgdumpkit_verify_";
const MARK: &str = "pgdump-verify, scratch of run ";
const KEPT: &str = "restored and kept by pgdump-verify";

/// The first major version in which schema `public` is the database owner's, and nobody else creates in it.
const PUBLIC_CLOSED: u32 = 15;

/// How long it may take to reach the server when a signal has come.
const HASTE: Duration = Duration::from_secs(5);

/// A run's place on a server that others use as well.
pub struct Given {
    admin: Parameters,
    run: Run,
    major: u32,
    /// Whether the given role is one.
    superuser: bool,
    /// The password of the role that restores, made for this run; none where the given role, which may make no other, does
    /// so itself.
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
    /// Takes a place on the server that `client` is connected to as `admin`, and removes what dead runs left there.
    ///
    /// # Errors
    /// When the server cannot be reached any more or the role may not create databases.
    pub fn new(admin: Parameters, mut client: Client, notes: &mut Vec<String>) -> Result<Given, Failure> {
        notes.extend(admin.warnings.iter().cloned());
        for removed in remove_dead(&mut client)? {
            notes.push(format!("removed, a dead run left it: {removed}"));
        }
        let rows = client.query(
            b"SELECT rolsuper, rolcreatedb, pg_catalog.current_setting('server_version_num'), rolcreaterole \
              FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) CURRENT_USER",
        )?;
        let of = |at: usize| rows.first().and_then(|row| text(row, at)).unwrap_or_default();
        let superuser = of(0) == "t";
        if !superuser && of(1) != "t" {
            return Err(anyhow!("role may not create databases on the given server: {}", admin.user).into());
        }
        let major = of(2).parse::<u32>().map_or(0, |number| number / 10_000);
        let run = Run::new()?;
        client.execute(
            format!("SELECT pg_catalog.pg_advisory_lock('{}'::pg_catalog.int8)", run.number.cast_signed())
                .as_bytes(),
        )?;
        let lock = Some(client);
        let mut given = Given { admin, run, major, superuser, restorer: None, lock, at_signal: None };
        given.admin = given.admin.clone().with_setting("application_name", &given.run.comment());
        let (to, run) = (given.in_haste(), given.run.clone());
        given.at_signal = Some(scratch::at_signal(move || {
            end_sessions(&to, &run);
            remove_at_last(&to, &run);
        }));
        // Whoever makes roles can do nearly everything, and a backup must not.
        if superuser || of(3) == "t" {
            given.restorer = Some(given.make_restorer()?);
        }
        match given.restorer.is_some() {
            _ if superuser => {}
            true => notes.push(format!(
                "the given role is no superuser; roles that stand in for others do not bypass row security: {}",
                given.admin.user
            )),
            false => notes.push(format!(
                "restored as the given role, with its rights, since it may not make another: {}",
                given.admin.user
            )),
        }
        Ok(given)
    }

    /// Makes the role that restores, with no rights but on its database; returns its password.
    fn make_restorer(&self) -> Result<Secret, Failure> {
        let secret = random()?;
        let (role, comment) = (self.restorer_name(), self.run.comment());
        let verifier = scram_sha_256(secret.as_bytes());
        let more = match self.superuser {
            true => format!("ALTER ROLE {role} BYPASSRLS"),
            // To give it a database one must be in it.
            false => format!("GRANT {role} TO CURRENT_USER"),
        };
        // All or nothing: a role without the comment would be nobody's.
        let sql = format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{verifier}'; COMMENT ON ROLE {role} IS '{comment}'; {more}"
        );
        Client::connect(&self.admin)?.execute(sql.as_bytes())?;
        Ok(Secret::from(secret))
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
    ) -> Result<(Superuser, Parameters), Failure> {
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
                 connect as a role that may create databases and no roles",
            ));
        }
        // Before 15 everybody can already.
        if everybody_creates && self.major >= PUBLIC_CLOSED {
            Client::connect(&restorer)?.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")?;
        }
        Ok((Superuser::given(admin, self.superuser), restorer))
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

    /// Prepares a pg_dump to write the schema of a database.
    pub fn pg_dump(&self, program: &Program, of: &Superuser) -> Command {
        let to = self.admin.with_database(of.database());
        let mut command = Command::new(program.path());
        command.args(["--schema-only", "--no-password"]);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        let hosts: Vec<&str> = to.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let ports: Vec<String> = to.hosts.iter().map(|(_, port)| port.to_string()).collect();
        command.env("PGHOST", hosts.join(",")).env("PGPORT", ports.join(","));
        command.env("PGUSER", &to.user).env("PGDATABASE", &to.database);
        command.env("PGSSLMODE", to.sslmode.to_string());
        if !to.addresses.is_empty() {
            command.env("PGHOSTADDR", to.addresses.join(","));
        }
        let binding = match to.channel_binding {
            ChannelBinding::Disable => "disable",
            ChannelBinding::Prefer => "prefer",
            ChannelBinding::Require => "require",
        };
        command.env("PGCHANNELBINDING", binding);
        let files = [
            ("PGSSLROOTCERT", &to.sslrootcert),
            ("PGSSLCRL", &to.sslcrl),
            ("PGSSLCERT", &to.sslcert),
            ("PGSSLKEY", &to.sslkey),
        ];
        for (name, path) in files {
            if let Some(path) = path {
                command.env(name, path);
            }
        }
        if let Some(password) = &to.password {
            // Others on the machine see a command line, and no environment.
            command.env("PGPASSWORD", password.reveal());
        }
        let mut options = of.options();
        for (name, value) in &to.settings {
            match name.as_str() {
                "application_name" => drop(command.env("PGAPPNAME", value)),
                "options" => options = format!("{value} {options}"),
                _ => {}
            }
        }
        command.env("PGOPTIONS", options);
        command
    }

    /// Leaves a database under a name, its owner the given role or that of the empty database whose place it takes.
    ///
    /// # Errors
    /// When the name is refused, see [`check_name`].
    pub fn keep(&self, name: &str, as_name: &str) -> Result<String, Failure> {
        let database = self.database(name);
        let sql = |name: &str| String::from_utf8_lossy(&Name::from(name).to_sql()).into_owned();
        if self.restorer.is_some() {
            Superuser::given(self.admin.with_database(&database), self.superuser)
                .take_over(&self.restorer_name())?;
        }
        let mut client = Client::connect(&self.admin)?;
        // Stand-ins own what is kept, and stay with it.
        for role in roles(&mut client)? {
            if role.1 == self.run && role.0 != self.restorer_name() {
                let role = sql(&role.0);
                client.execute(format!("COMMENT ON ROLE {role} IS '{KEPT}'").as_bytes())?;
                if self.superuser {
                    // Which only the restore needed.
                    client.execute(format!("ALTER ROLE {role} NOBYPASSRLS").as_bytes())?;
                }
            }
        }
        let kept = sql(as_name);
        let owner = self::check_name(&self.admin, &mut client, as_name, None)?;
        if owner.is_some() {
            client.execute(format!("DROP DATABASE {kept}").as_bytes())?;
        }
        client.execute(format!("ALTER DATABASE {database} RENAME TO {kept}").as_bytes())?;
        client.execute(format!("COMMENT ON DATABASE {kept} IS '{KEPT}'").as_bytes())?;
        if let Some(owner) = owner {
            client.execute(format!("ALTER DATABASE {kept} OWNER TO {}", sql(&owner)).as_bytes())?;
        }
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

/// What is known of databases before one gives up its place: name, owner, whether it is a template, whether the role is in its owner,
/// whether it has rights or settings of its own, whether somebody uses it.
const DATABASES: &[u8] = b"SELECT datname, pg_catalog.pg_get_userbyid(datdba), datistemplate, \
    pg_catalog.pg_has_role(datdba, 'USAGE'), \
    datacl IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting \
    WHERE setdatabase OPERATOR(pg_catalog.=) d.oid), \
    EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid OPERATOR(pg_catalog.=) d.oid) \
    FROM pg_catalog.pg_database d";

/// The column of [`DATABASES`] that says so.
const IN_USE: usize = 5;

/// How long somebody may take to leave a database, as `DROP DATABASE` waits for that.
const PATIENCE: Duration = Duration::from_secs(5);

/// Refuses a name for a database to be kept: of one that holds something or is the backup's own source. Returns the owner
/// of an empty one of this name.
pub fn check_name(
    admin: &Parameters,
    client: &mut Client,
    name: &str,
    source: Option<(&str, &str)>,
) -> Result<Option<String>, Failure> {
    let begun = Instant::now();
    let rows = loop {
        let rows = client.query(DATABASES)?;
        let used = rows
            .iter()
            .any(|row| text(row, 0).as_deref() == Some(name) && text(row, IN_USE).as_deref() == Some("t"));
        // A session that was ended is there for a moment more.
        if !used || begun.elapsed() > PATIENCE {
            break rows;
        }
        thread::sleep(Duration::from_millis(100));
    };
    let is_superuser = client.parameter("is_superuser") == Some("on");
    let Some(row) = rows.iter().find(|row| text(row, 0).as_deref() == Some(name)) else { return Ok(None) };
    let is = |at: usize| text(row, at).as_deref() == Some("t");
    if let Some((identifier, _)) = source.filter(|(_, database)| *database == name) {
        let own = client.query(b"SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
        if own.first().and_then(|row| text(row, 0)).as_deref() == Some(identifier) {
            return Err(anyhow!("database is the source of the backup: {name}").into());
        }
    }
    let why = match () {
        () if is(2) => "is a template",
        () if is(IN_USE) => "is in use",
        () if !is(3) => "is not the given role's",
        () if !Superuser::given(admin.with_database(name), is_superuser).is_empty()? => "is not empty",
        () if is(4) => "has rights or settings of its own",
        () => return Ok(text(row, 1)),
    };
    Err(anyhow!("database exists already on the given server and {why}: {name}").into())
}

/// Ends what the run does on the server besides this.
fn end_sessions(to: &Parameters, run: &Run) {
    let sql = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE application_name OPERATOR(pg_catalog.=) pg_catalog.left('{}', 63) \
         AND pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()",
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
                "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' \
                 AND objsubid OPERATOR(pg_catalog.=) 1 \
                 AND classid::pg_catalog.int8 OPERATOR(pg_catalog.=) {high} \
                 AND objid::pg_catalog.int8 OPERATOR(pg_catalog.=) {low}"
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
          datdba OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_roles \
          WHERE rolname OPERATOR(pg_catalog.=) CURRENT_USER) \
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
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
             WHERE datname OPERATOR(pg_catalog.=) '{name}'"
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
