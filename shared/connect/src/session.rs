//! What every session of ours begins with, whatever a database's owner has set for those who come.
//!
//! `ALTER DATABASE … SET` is for the owner of a database, who need not be a superuser, and holds for a superuser who comes
//! as well. What would change what our SQL means, or whose code runs, is therefore named in the startup packet: that
//! counts more than settings of databases and roles, and more than `PGOPTIONS`.

use crate::client::Client;
use crate::{Error, Parameters};

/// The path by which nothing is found but what `pg_catalog` has, and that not before a name with a schema.
pub(crate) const SEARCH_PATH: &str = "search_path";

/// The role that a session becomes after it was let in.
const ROLE: &str = "role";

/// Settings that may be set for a database by its owner, each of which every server since 9.6 knows; an unknown one would
/// be refused. [`Parameters::with_setting`] counts more.
const PINNED: [(&str, &str); 13] = [
    // An operator or function of the owner's would be found where its arguments fit better, and run as us.
    (SEARCH_PATH, ""),
    // Loads libraries, of those in `$libdir/plugins`, into the session.
    ("local_preload_libraries", ""),
    // The owner chooses no role for us; one that our own role was given is taken afterwards, see `OWN_ROLE`.
    (ROLE, "none"),
    // Where literals end.
    ("standard_conforming_strings", "on"),
    // In some client encodings a backslash is the second byte of a character: `\'` is refused there.
    ("backslash_quote", "safe_encoding"),
    // What `NULL` in the literal of an array is.
    ("array_nulls", "on"),
    // Whether `x = NULL` is `x IS NULL`.
    ("transform_null_equals", "off"),
    // Whether names come back in quotes that need none.
    ("quote_all_identifiers", "off"),
    // How many of its rows an index of type GIN gives.
    ("gin_fuzzy_search_limit", "0"),
    // Whether the first refusal ends the session.
    ("exit_on_error", "off"),
    // What a transaction is that does not say it.
    ("default_transaction_read_only", "off"),
    ("default_transaction_deferrable", "off"),
    ("default_transaction_isolation", "read committed"),
];

/// What a session has in the end: its search path; libraries that the database or the role has it load; the role that its
/// own role, and nobody else, has it become. The first is only looked at here: whether it is safe to run more is what it tells.
const CHECK: &str = "
SELECT pg_catalog.current_setting('search_path'),
    (SELECT p.setting FROM pg_catalog.pg_settings p
        WHERE p.name OPERATOR(pg_catalog.=) 'session_preload_libraries'
            AND p.source OPERATOR(pg_catalog.=) ANY ('{database,user,database user}'::pg_catalog.text[])),
    (SELECT pg_catalog.substr(c.setting, 6) FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole
            LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.setdatabase,
            LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
        WHERE r.rolname OPERATOR(pg_catalog.=) SESSION_USER
            AND (d.oid IS NULL OR d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
            AND pg_catalog.substr(c.setting, 1, 5) OPERATOR(pg_catalog.=) 'role='
        ORDER BY s.setdatabase DESC LIMIT 1)";

/// The library setting that only superusers may choose in the startup packet.
const PRELOAD: &str = "session_preload_libraries";

/// Returns what the startup packet names besides user and database.
pub(crate) fn settings(parameters: &Parameters) -> Vec<(String, String)> {
    let pinned = PINNED.iter().filter(|(name, _)| named(parameters, name).is_none());
    let pinned = pinned.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pinned.chain(parameters.settings.iter().cloned()).collect()
}

fn named<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    let mut settings = parameters.settings.iter();
    settings.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Makes sure that a session is what was asked for, and returns it, or one that was begun again in its place.
///
/// A superuser comes again without the libraries that the database or the role has sessions load
/// (`session_preload_libraries`). Only a superuser, or somebody whom one lets, sets these; the first session has loaded them,
/// and run nothing. Others than superusers cannot come without them. Those of the server's own configuration stay.
pub(crate) fn checked(parameters: &Parameters, mut client: Client) -> Result<Client, Error> {
    let found = Found::ask(&mut client)?;
    let wanted = named(parameters, SEARCH_PATH).unwrap_or_default();
    // A setting that is empty comes back as it was written, which may be as one empty name.
    if found.search_path != wanted && !(wanted.is_empty() && found.search_path == "\"\"") {
        return Err(Error::Pooled(format!("`search_path` is `{}`", found.search_path)));
    }
    if found.preloads
        && client.parameter("is_superuser") == Some("on")
        && named(parameters, PRELOAD).is_none()
    {
        return Client::connect(&parameters.clone().with_setting(PRELOAD, ""));
    }
    if let Some(role) = found.role.filter(|_| named(parameters, ROLE).is_none()) {
        let role = role.replace('\'', "''");
        client.execute(format!("SELECT pg_catalog.set_config('role', '{role}', false)").as_bytes())?;
    }
    Ok(client)
}

/// What [`CHECK`] answers.
struct Found {
    search_path: String,
    preloads: bool,
    role: Option<String>,
}

impl Found {
    fn ask(client: &mut Client) -> Result<Found, Error> {
        let row = client.query(CHECK.as_bytes())?.pop().unwrap_or_default();
        let text = |at: usize| {
            let value = row.get(at).and_then(|value| value.as_deref());
            value.map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let search_path =
            text(0).ok_or_else(|| Error::Protocol("a session without search_path".to_owned()))?;
        let preloads = text(1).is_some_and(|libraries| !libraries.is_empty());
        Ok(Found { search_path, preloads, role: text(2) })
    }
}

/// Reads what a session has for a setting that ours begin with a value of their own for, such as `search_path`, by the settings
/// of its database and role, and of whoever connects (`PGOPTIONS`).
///
/// It takes a session that has this value, in which nothing is run but one call of a function that is named with its schema
/// and takes a literal: there is nothing to be found by a path.
///
/// # Errors
/// As for [`Client::connect`].
pub fn usual_setting(parameters: &Parameters, name: &'static str) -> Result<String, Error> {
    let mut settings = settings(parameters);
    settings.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    let mut client = Client::reach(parameters, &settings)?;
    let sql = format!("SELECT pg_catalog.current_setting('{name}')");
    let value = client.query(sql.as_bytes())?.pop().and_then(|row| row.into_iter().next()?);
    value
        .map(|value| String::from_utf8_lossy(&value).into_owned())
        .ok_or_else(|| Error::Protocol(format!("a session without {name}")))
}

/// Says in words what a pooler that refuses a setting in the startup packet means.
pub(crate) fn in_words(error: Error) -> Error {
    match &error {
        // PgBouncer and its kin; a server says `unrecognized configuration parameter` (42704).
        Error::Server(server)
            if server.code() == "08P01" && server.message().contains("startup parameter") =>
        {
            Error::Pooled(server.message().to_owned())
        }
        _ => error,
    }
}
