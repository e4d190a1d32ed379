//! Where to connect and as whom.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::passfile::{self, Wanted};
use crate::tls::SYSTEM;
use crate::{ChannelBinding, Environment, Error, Secret, SslMode, service, text};

/// The parameters of a connection, complete but for a password that is asked for later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Names or addresses of the server, or folders of its Unix socket, each with a port; tried in order.
    pub hosts: Vec<(String, u16)>,
    /// Where each host is reached instead of asking for its address (`hostaddr`); empty where that is to be asked.
    pub addresses: Vec<String>,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// The password, where one is known.
    pub password: Option<Secret>,
    /// How much encryption is asked for.
    pub sslmode: SslMode,
    /// The certificates of authorities that may vouch for the server; `system` stands for those of the system.
    pub sslrootcert: Option<PathBuf>,
    /// The lists of certificates that those authorities have revoked.
    pub sslcrl: Option<PathBuf>,
    /// The certificate by which we prove who we are.
    pub sslcert: Option<PathBuf>,
    /// The key of that certificate.
    pub sslkey: Option<PathBuf>,
    /// Whether a proof by password is tied to the encrypted connection.
    pub channel_binding: ChannelBinding,
    /// How long one attempt may take; `None` waits for as long as the system does.
    pub connect_timeout: Option<Duration>,
    /// Settings of the session, such as `TimeZone`.
    pub settings: Vec<(String, String)>,
    /// What the user should know of how they came about, such as a password file that was ignored.
    pub warnings: Vec<String>,
}

/// The parameters that have a variable of their own.
const VARIABLES: [(&str, &str); 16] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
];

/// Parameters of libpq that change nothing here.
const WITHOUT_EFFECT: [&str; 11] = [
    "client_encoding",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslsni",
    "krbsrvname",
    "gsslib",
];

/// Parameters that ask for what is not done here, with their variables and the values that do not: leaving one out
/// unseen would be less safe, or lead elsewhere, than what was asked for.
const REFUSED: [(&str, &str, &[&str]); 10] = [
    ("gssencmode", "PGGSSENCMODE", &["disable", "prefer"]),
    ("min_protocol_version", "PGMINPROTOCOLVERSION", &["3.0"]),
    ("require_auth", "PGREQUIREAUTH", &[]),
    ("requirepeer", "PGREQUIREPEER", &[]),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", &["TLSv1.3"]),
    ("sslcertmode", "PGSSLCERTMODE", &["allow"]),
    ("sslcrldir", "PGSSLCRLDIR", &[]),
    ("sslnegotiation", "PGSSLNEGOTIATION", &["postgres"]),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", &["any"]),
];

const DEFAULT_PORT: u16 = 5432;
/// Where servers put their sockets: Debian's and the usual choice of packages, and PostgreSQL's own default.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

impl Parameters {
    /// Completes a URL, `keyword=value` pairs or the plain name of a database with what libpq would take from the
    /// environment: first what is written, then the service, then `PG…` variables, then defaults; the password of
    /// the password file where there is none yet.
    ///
    /// # Errors
    /// When something cannot be read, is unknown or contradicts itself. No error shows a password.
    pub fn resolve(written: &str, environment: &Environment) -> Result<Parameters, Error> {
        let settings = match () {
            () if written.is_empty() => Vec::new(),
            () if text::is_connection_string(written) => text::parse(written)?,
            () => vec![("dbname".to_owned(), written.to_owned())],
        };
        Parameters::complete(settings, environment)
    }

    /// Completes settings that were written one by one; a later one of the same name counts. A `dbname` may be a
    /// connection string.
    pub(crate) fn complete(
        written: Vec<(String, String)>,
        environment: &Environment,
    ) -> Result<Parameters, Error> {
        let mut known = Known(written);
        if let Some(name) = known.get("service").or(environment.get("PGSERVICE").map(str::to_owned)) {
            for (key, value) in service::settings(&name, environment)? {
                known.add(&key, value);
            }
        }
        for (key, variable) in VARIABLES {
            if let Some(value) = environment.get(variable) {
                known.add(key, value.to_owned());
            }
        }
        for (key, variable, _) in REFUSED {
            if let Some(value) = environment.get(variable) {
                known.add(key, value.to_owned());
            }
        }
        known.check()?;
        let (hosts, addresses) = hosts(&known)?;
        let user = known.get("user").or_else(|| environment.user.clone());
        let user = user.ok_or_else(|| Error::Parameter("no user name is known".to_owned()))?;
        let database = known.get("dbname").unwrap_or_else(|| user.clone());
        let file = |key: &str, usual: &str| {
            let usual = || environment.home.as_ref().map(|home| home.join(".postgresql").join(usual));
            let written = known.get(key).map(PathBuf::from);
            written.or_else(|| usual().filter(|path| path.is_file()))
        };
        let mut parameters = Parameters {
            hosts,
            addresses,
            sslmode: known.sslmode()?,
            sslrootcert: file("sslrootcert", "root.crt"),
            sslcrl: file("sslcrl", "root.crl"),
            sslcert: file("sslcert", "postgresql.crt"),
            sslkey: file("sslkey", "postgresql.key"),
            channel_binding: known
                .get("channel_binding")
                .map_or(Ok(ChannelBinding::default()), |wanted| wanted.parse())?,
            connect_timeout: known.timeout()?,
            password: known.get("password").map(Secret::from),
            user,
            database,
            ..Parameters::default()
        };
        for key in ["application_name", "options"] {
            parameters.settings.extend(known.get(key).map(|value| (key.to_owned(), value)));
        }
        if parameters.password.is_none() {
            let usual = || environment.home.as_ref().map(|home| home.join(".pgpass"));
            if let Some(path) = known.get("passfile").map(PathBuf::from).or_else(usual) {
                parameters.ask_file(&path);
            }
        }
        Ok(parameters)
    }

    fn ask_file(&mut self, path: &Path) {
        let Some((host, port)) = self.hosts.first() else { return };
        // The default folder of the socket is `localhost` in the file.
        let host = if SOCKET_FOLDERS.contains(&host.as_str()) { "localhost" } else { host };
        let wanted = Wanted { host, port: &port.to_string(), database: &self.database, user: &self.user };
        let (password, warning) = passfile::password(path, &wanted);
        self.password = password;
        self.warnings.extend(warning);
    }

    /// Returns the same for another database.
    pub fn with_database(&self, database: &str) -> Parameters {
        Parameters { database: database.to_owned(), ..self.clone() }
    }

    /// Returns the same for another role, without a password.
    pub fn with_user(&self, user: &str) -> Parameters {
        Parameters { user: user.to_owned(), password: None, ..self.clone() }
    }

    /// Returns the same with a setting of the session, such as `TimeZone`. It takes the place of what a session of ours has
    /// otherwise, the empty `search_path` included.
    pub fn with_setting(mut self, name: &str, value: &str) -> Parameters {
        self.settings.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Shows where it leads, without the password.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<&str> = self.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let ports: Vec<String> = self.hosts.iter().map(|(_, port)| port.to_string()).collect();
        let values = [("host", hosts.join(",")), ("port", ports.join(","))];
        for (key, value) in values {
            write!(f, "{key}={} ", quoted(&value))?;
        }
        write!(f, "user={} dbname={}", quoted(&self.user), quoted(&self.database))
    }
}

/// Says whether a word is a parameter of libpq's that is known here.
pub(crate) fn is_keyword(word: &str) -> bool {
    let mut names = VARIABLES.iter().map(|(name, _)| *name).chain(REFUSED.iter().map(|(name, ..)| *name));
    word == "service" || WITHOUT_EFFECT.contains(&word) || names.any(|name| name == word)
}

/// Writes a value as a connection string does.
pub(crate) fn quoted(value: &str) -> String {
    let quoted = |character: char| character.is_whitespace() || matches!(character, '\'' | '\\');
    if !value.is_empty() && !value.contains(quoted) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Settings by name; the first of a name counts, but for those that were written, of which the last does.
struct Known(Vec<(String, String)>);

impl Known {
    fn add(&mut self, key: &str, value: String) {
        if self.get(key).is_none() {
            self.0.push((key.to_owned(), value));
        }
    }

    fn get(&self, key: &str) -> Option<String> {
        let mut of_key = self.0.iter().rev().filter(|(known, _)| known == key);
        of_key.next().map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    }

    fn check(&self) -> Result<(), Error> {
        for (key, _, harmless) in REFUSED {
            if self.get(key).is_some_and(|value| !harmless.contains(&value.as_str())) {
                return Err(Error::Parameter(format!(
                    "this value of a parameter is not supported here: `{key}`"
                )));
            }
        }
        match self.0.iter().find(|(key, _)| !is_keyword(key)) {
            Some((key, _)) => Err(Error::Parameter(format!("unknown connection parameter: `{key}`"))),
            None => Ok(()),
        }
    }

    fn sslmode(&self) -> Result<SslMode, Error> {
        let written: Option<SslMode> = self.get("sslmode").map(|mode| mode.parse()).transpose()?;
        if self.get("sslrootcert").as_deref() != Some(SYSTEM) {
            return Ok(written.unwrap_or_default());
        }
        // Anybody can get a certificate of his own host from one of those authorities.
        match written.unwrap_or(SslMode::VerifyFull) {
            SslMode::VerifyFull => Ok(SslMode::VerifyFull),
            weak => Err(Error::Parameter(format!(
                "with `sslrootcert=system` only `sslmode=verify-full` may be used, not: {weak}"
            ))),
        }
    }

    fn timeout(&self) -> Result<Option<Duration>, Error> {
        let Some(text) = self.get("connect_timeout") else { return Ok(None) };
        let seconds: i64 = text
            .trim()
            .parse()
            .map_err(|_| Error::Parameter(format!("invalid connect_timeout: `{text}`")))?;
        // libpq waits at least two seconds.
        Ok(u64::try_from(seconds).ok().filter(|s| *s > 0).map(|s| Duration::from_secs(s.max(2))))
    }
}

/// Hosts with their ports, and the addresses to reach them at.
type Hosts = (Vec<(String, u16)>, Vec<String>);

fn hosts(known: &Known) -> Result<Hosts, Error> {
    let list = |key: &str| -> Vec<String> {
        known.get(key).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let mut names = list("host");
    let addresses = list("hostaddr");
    if names.is_empty() {
        names.clone_from(&addresses);
    }
    if !addresses.is_empty() && addresses.len() != names.len() {
        let (hosts, addresses) = (names.len(), addresses.len());
        return Err(Error::Parameter(format!(
            "could not match {hosts} host names to {addresses} hostaddr values"
        )));
    }
    let default = || {
        let exists = |folder: &&&str| Path::new(folder).is_dir();
        (*SOCKET_FOLDERS.iter().find(exists).unwrap_or(&"/tmp")).to_owned()
    };
    if names.is_empty() {
        names.push(default());
    }
    let ports = list("port");
    if ports.len() > 1 && ports.len() != names.len() {
        let (ports, hosts) = (ports.len(), names.len());
        return Err(Error::Parameter(format!("could not match {ports} port numbers to {hosts} hosts")));
    }
    let number = |text: &str| match text.trim() {
        "" => Ok(DEFAULT_PORT),
        text => text
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| Error::Parameter(format!("invalid port number: `{text}`"))),
    };
    let with_ports = names.into_iter().enumerate().map(|(at, name)| {
        let port = if ports.len() > 1 { ports.get(at) } else { ports.first() };
        let name = if name.is_empty() { default() } else { name };
        Ok((name, number(port.map(String::as_str).unwrap_or_default())?))
    });
    Ok((with_ports.collect::<Result<_, Error>>()?, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment { variables: variables.collect(), home: None, user: Some("me".to_owned()) }
    }

    #[test]
    fn what_is_written_counts_more_than_the_environment() {
        let around = environment(&[("PGHOST", "env"), ("PGPORT", "7"), ("PGPASSWORD", "hush")]);
        let parameters = Parameters::resolve("host=written dbname=x", &around).unwrap();
        assert_eq!(parameters.to_string(), "host=written port=7 user=me dbname=x");
        assert!(!format!("{parameters:?}").contains("hush"));
        let parameters = Parameters::resolve("", &around).unwrap();
        assert_eq!(parameters.to_string(), "host=env port=7 user=me dbname=me");
    }

    #[test]
    fn several_hosts_have_one_port_or_one_each() {
        let of = |text| Parameters::resolve(text, &environment(&[])).map(|parameters| parameters.hosts);
        assert_eq!(of("host=a,b port=1").unwrap(), [("a".into(), 1), ("b".into(), 1)]);
        assert_eq!(of("host=a,b port=1,2").unwrap(), [("a".into(), 1), ("b".into(), 2)]);
        assert!(of("host=a,b,c port=1,2").is_err());
        assert!(of("port=0").is_err());
        assert!(of("hots=a").is_err());
    }

    #[test]
    fn a_service_comes_before_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        std::fs::write(&file, "[shop]\nhost=service\nuser=bob\n").unwrap();
        let file = file.to_str().unwrap();
        let around = environment(&[("PGSERVICEFILE", file), ("PGSERVICE", "shop"), ("PGUSER", "env")]);
        let parameters = Parameters::resolve("user=alice", &around).unwrap();
        assert_eq!(parameters.to_string(), "host=service port=5432 user=alice dbname=alice");
        let parameters = Parameters::resolve("", &around).unwrap();
        assert_eq!(parameters.user, "bob");
        assert!(Parameters::resolve("service=none", &around).is_err());
    }
}
