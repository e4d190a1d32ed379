//! Connections to a real server.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use connect::{Client, ConnectArguments, Environment, Error, Parameters};
use scratch::{Cluster, Programs};

fn cluster() -> Option<Cluster> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster
        .psql(
            "postgres",
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE alice LOGIN PASSWORD 'it''s a secret'",
        )
        .unwrap();
    // The superuser keeps its way in; everybody else needs a password.
    let hba = cluster.psql("postgres", "SHOW hba_file").unwrap();
    fs::write(hba.trim(), "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
    cluster.psql("postgres", "SELECT pg_reload_conf()").unwrap();
    Some(cluster)
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment { variables, home: None, user: Some("somebody".to_owned()) }
}

#[test]
fn passwords_come_from_everywhere_libpq_looks() {
    let Some(cluster) = cluster() else { return };
    let (host, port) = (cluster.socket_dir().to_str().unwrap().to_owned(), cluster.port());
    let who = |parameters: Parameters| {
        let rows = Client::connect(&parameters)?.query(b"SELECT current_user")?;
        Ok::<_, Error>(String::from_utf8(rows[0][0].clone().unwrap()).unwrap())
    };
    let none = environment(&[]);

    let encoded = host.replace('/', "%2F");
    let url = format!("postgresql://alice:it%27s%20a%20secret@{encoded}:{port}/postgres");
    assert_eq!(who(Parameters::resolve(&url, &none).unwrap()).unwrap(), "alice");

    let words = format!(r"host={host} port={port} user=alice dbname=postgres password='it\'s a secret'");
    assert_eq!(who(Parameters::resolve(&words, &none).unwrap()).unwrap(), "alice");

    let variables = [("PGHOST", host.as_str()), ("PGUSER", "alice"), ("PGDATABASE", "postgres")];
    let around = environment(&[&variables[..], &[("PGPASSWORD", "it's a secret")]].concat());
    assert_eq!(who(Parameters::resolve("", &around).unwrap()).unwrap(), "alice");

    let folder = tempfile::tempdir().unwrap();
    let passfile = folder.path().join("passwords");
    fs::write(&passfile, format!("other:*:*:*:no\n{host}:{port}:postgres:alice:it's a secret\n")).unwrap();
    fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).unwrap();
    let file = [("PGPASSFILE", passfile.to_str().unwrap())];
    let around = environment(&[&variables[..], &file].concat());
    assert_eq!(who(Parameters::resolve("", &around).unwrap()).unwrap(), "alice");

    let services = folder.path().join("services");
    fs::write(
        &services,
        format!("[shop]\nhost={host}\nport={port}\nuser=alice\ndbname=postgres\npassword=it's a secret\n"),
    )
    .unwrap();
    let around = environment(&[("PGSERVICEFILE", services.to_str().unwrap())]);
    assert_eq!(who(Parameters::resolve("service=shop", &around).unwrap()).unwrap(), "alice");
    let arguments =
        ConnectArguments { dbname: Some("service=shop".to_owned()), ..ConnectArguments::default() };
    assert_eq!(who(arguments.resolve(&around).unwrap()).unwrap(), "alice");

    // Wrong and missing passwords are refused, and no message shows one.
    let wrong = words.replace("a secret", "a guess");
    let error = who(Parameters::resolve(&wrong, &none).unwrap()).unwrap_err();
    assert_eq!(error.server().unwrap().code(), "28P01");
    assert!(!format!("{error} {error:?}").contains("guess"));
    let missing = format!("host={host} port={port} user=alice dbname=postgres");
    let error = who(Parameters::resolve(&missing, &none).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "cannot authenticate: no password supplied");
    // Refused after that: the server says why, and goes.
    let error = who(Parameters::resolve(&words.replace("dbname=postgres", "dbname=gone"), &none).unwrap());
    assert_eq!(error.unwrap_err().server().unwrap().code(), "3D000");
}

#[test]
fn rows_go_in_and_come_out_as_bytes() {
    let Some(cluster) = cluster() else { return };
    let host = cluster.socket_dir();
    let written = format!("host={} user=postgres dbname=postgres", host.display());
    let mut client = Client::connect(&Parameters::resolve(&written, &environment(&[])).unwrap()).unwrap();
    client.execute(b"SET client_encoding = 'LATIN1'; CREATE TABLE public.t (x text, y integer)").unwrap();
    let rows: Vec<u8> =
        (0..50_000).flat_map(|n| [b"na\xefve\t", n.to_string().as_bytes(), b"\n"].concat()).collect();
    client.copy_in(b"COPY public.t FROM STDIN", &mut rows.as_slice()).unwrap();
    let mut found = Vec::new();
    client.copy_out(b"COPY public.t TO STDOUT", &mut |row| found.extend_from_slice(row)).unwrap();
    assert!(found == rows);

    // An error leaves the connection usable, and nothing of the COPY in the table.
    let error = client.copy_in(b"COPY public.t FROM STDIN", &mut &b"x\t1\ny\tno number\n"[..]).unwrap_err();
    let server = error.server().unwrap();
    assert_eq!(server.code(), "22P02");
    assert!(server.context().starts_with("COPY t, line 2, column y"), "{}", server.context());
    let error = client.execute_one(b"SELECT 1; SELECT 2").unwrap_err();
    assert_eq!(error.server().unwrap().code(), "42601");
    assert_eq!(
        client.query(b"SELECT count(*), NULL FROM public.t").unwrap(),
        [[Some(b"50000".to_vec()), None]]
    );
}

#[test]
fn long_messages_are_cut() {
    let Some(cluster) = cluster() else { return };
    let host = cluster.socket_dir();
    let written = format!("host={} user=postgres dbname=postgres", host.display());
    let mut client = Client::connect(&Parameters::resolve(&written, &environment(&[])).unwrap()).unwrap();
    client.execute("DO $$ BEGIN RAISE NOTICE '%', repeat('ä', 50000000); END $$".as_bytes()).unwrap();
    let notices = client.take_notices();
    assert!(notices[0].message().len() < 4096 && notices[0].message().ends_with("ä…"));
    let raise =
        "DO $$ BEGIN RAISE '%', repeat('x', 100000000) USING ERRCODE = '23505', DETAIL = 'why'; END $$";
    let error = client.execute(raise.as_bytes()).unwrap_err();
    let server = error.server().unwrap();
    assert_eq!((server.code(), server.detail()), ("23505", "why"));
    assert!(server.message().len() < 4096 && server.context().starts_with("PL/pgSQL function"));
    assert_eq!(client.query(b"SELECT 1").unwrap(), [[Some(b"1".to_vec())]]);
}

#[test]
fn nobody_there_is_an_error_that_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let written = format!("host={} dbname=x", folder.path().display());
    let error = Client::connect(&Parameters::resolve(&written, &environment(&[])).unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("cannot connect to /"), "{error}");
    assert!(error.to_string().contains(".s.PGSQL.5432"), "{error}");
}

#[test]
fn a_session_is_what_was_asked_for_whatever_the_owner_sets() {
    let Some(cluster) = cluster() else { return };
    cluster
        .psql("postgres", "CREATE ROLE tenant LOGIN; CREATE ROLE other; CREATE ROLE keeper SUPERUSER LOGIN")
        .unwrap();
    cluster.psql("postgres", "CREATE DATABASE theirs OWNER tenant").unwrap();
    let theirs = [
        ("search_path", "public, pg_catalog"),
        ("role", "tenant"),
        ("standard_conforming_strings", "off"),
        ("transform_null_equals", "on"),
        ("default_transaction_read_only", "on"),
        ("exit_on_error", "on"),
        ("quote_all_identifiers", "on"),
        ("backslash_quote", "on"),
    ];
    for (name, value) in theirs {
        let value = if name == "search_path" { value.to_owned() } else { format!("'{value}'") };
        cluster.psql("postgres", &format!("ALTER DATABASE theirs SET {name} = {value}")).unwrap();
    }
    let written = format!("host={} user=postgres dbname=theirs", cluster.socket_dir().display());
    let to = Parameters::resolve(&written, &environment(&[("PGOPTIONS", "-c search_path=public")])).unwrap();
    let shown = |to: &Parameters, what: &str| {
        let rows = Client::connect(to).unwrap().query(format!("SELECT {what}").as_bytes()).unwrap();
        String::from_utf8(rows[0][0].clone().unwrap()).unwrap()
    };
    let setting = |to: &Parameters, name: &str| shown(to, &format!("pg_catalog.current_setting('{name}')"));
    for (name, value) in theirs {
        assert_ne!(setting(&to, name), value, "{name}");
    }
    assert_eq!(setting(&to, "search_path"), "");
    assert_eq!(shown(&to, "current_user"), "postgres");
    // Who names a setting gets it.
    let named = to.clone().with_setting("Search_Path", "\"$user\", public");
    assert_eq!(setting(&named, "search_path"), "\"$user\", public");
    assert_eq!(shown(&to.clone().with_setting("role", "other"), "current_user"), "other");
    // What the database gives, and what whoever connects says, is only read.
    assert_eq!(connect::usual_setting(&to, "search_path").unwrap(), "public");
    let plain = Parameters::resolve(&written, &environment(&[])).unwrap();
    assert_eq!(connect::usual_setting(&plain, "search_path").unwrap(), "public, pg_catalog");
    // The role that a role was given for itself is no owner's choice; that for the database counts more.
    cluster.psql("postgres", "ALTER ROLE postgres SET role = 'keeper'").unwrap();
    assert_eq!(shown(&to, "current_user"), "keeper");
    cluster.psql("postgres", "ALTER ROLE postgres IN DATABASE theirs SET role = 'other'").unwrap();
    assert_eq!(shown(&to, "current_user"), "other");
    cluster
        .psql("postgres", "ALTER ROLE postgres IN DATABASE theirs RESET role; ALTER ROLE postgres RESET role")
        .unwrap();

    // Libraries that the database has sessions load stay out of a superuser's.
    cluster.psql("postgres", "ALTER DATABASE theirs SET session_preload_libraries = 'auto_explain'").unwrap();
    assert_eq!(setting(&to, "session_preload_libraries"), "");
    assert_eq!(shown(&to, "pg_catalog.current_setting('auto_explain.log_analyze', true) IS NULL"), "t");
}

/// Guards against sessions behind a pooler that keeps the settings to itself.
#[test]
fn a_session_without_its_settings_is_refused() {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let server = cluster.socket_dir().join(format!(".s.PGSQL.{}", cluster.port()));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut len = [0; 4];
            client.read_exact(&mut len).unwrap();
            let mut rest = vec![0; u32::from_be_bytes(len) as usize - 4];
            client.read_exact(&mut rest).unwrap();
            // A session without any settings.
            let packet = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
            let mut server = UnixStream::connect(&server).unwrap();
            server.write_all(&(packet.len() as u32 + 4).to_be_bytes()).unwrap();
            server.write_all(packet).unwrap();
            let (mut back, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut to));
            std::thread::spawn(move || std::io::copy(&mut client, &mut server));
        }
    });
    let written = format!("host={} user=postgres dbname=postgres", folder.path().display());
    let error = Client::connect(&Parameters::resolve(&written, &environment(&[])).unwrap()).unwrap_err();
    let expected = "the session does not get the settings asked for, connect to the server directly, not through a pooler: \
                    `search_path` is `\"$user\", public`";
    assert_eq!(error.to_string(), expected);
}
