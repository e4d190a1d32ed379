//! What is put in the place of a table or sequence between listing and reading.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use connect::{Environment, Parameters};
use dump::QualifiedName;
use live::{SequenceValue, Snapshot};
use scratch::{Cluster, Programs};

/// Guards against running a view's functions as whoever reads what was a table when it was listed (CVE-2024-7348).
#[test]
fn a_view_in_the_place_of_a_table_is_not_read() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    let psql = |sql: &str| cluster.psql("postgres", sql).unwrap();
    psql(
        "CREATE TABLE public.t AS SELECT 1 AS x; CREATE SEQUENCE public.q; CREATE SCHEMA s; CREATE TABLE s.u (x integer); \
         ALTER DATABASE postgres SET search_path = s; \
         CREATE FUNCTION public.evil() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$",
    );
    let written = format!("host='{}' user=postgres dbname=postgres", cluster.socket_dir().display());
    let to = live::pinned(Parameters::resolve(&written, &Environment::default()).unwrap(), "UTF8");
    let mut snapshot = Snapshot::export(&to).unwrap();
    let names: Vec<QualifiedName> = live::relations(snapshot.client()).unwrap().into_keys().collect();
    let shown =
        |names: &mut dyn Iterator<Item = &QualifiedName>| names.map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&mut names.iter()), ["public.t", "s.u"]);
    // Which their names alone find, the database says; the session's own path stays empty.
    assert_eq!(shown(&mut snapshot.visible_tables().unwrap().iter()), ["s.u"]);
    let path = snapshot.client().query(b"SELECT pg_catalog.current_setting('search_path')").unwrap();
    assert_eq!(path, [[Some(Vec::new())]]);

    let sequence = QualifiedName { schema: names[0].schema.clone(), name: "q".into() };
    // In a transaction of its own, since it is locked as long as that lasts.
    let value = SequenceValue::read(Snapshot::export(&to).unwrap().client(), &sequence);
    assert_eq!(value.unwrap().to_string(), "1, false");
    psql(
        "ALTER TABLE public.t RENAME TO t_before; ALTER SEQUENCE public.q RENAME TO q_before; \
         CREATE VIEW public.t AS SELECT public.evil() AS x; \
         CREATE VIEW public.q AS SELECT public.evil() AS last_value, true AS is_called",
    );
    let restricts = psql("SELECT count(*) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'");
    for content in [false, true] {
        let read = snapshot.attempt_by(&to, 1, &names[..1], &|client, table| match content {
            true => live::content(client, table, None, &|_| {}).map(|content| content.rows),
            false => live::count(client, table, false, ""),
        });
        let why = read.unwrap().remove(0).unwrap_err();
        assert!(!why.contains("it ran") || restricts.trim() == "0", "{why}");
    }
    let why = snapshot.attempt(|client| SequenceValue::read(client, &sequence)).unwrap().unwrap_err();
    assert!(why.starts_with("\"q\" is not a sequence"), "{why}");
    // Who asks a question of his own may name views.
    let why = snapshot.ask(|client| client.query(b"SELECT x FROM public.t")).unwrap().unwrap_err();
    assert_eq!(why.message(), "it ran");
    // Nothing of that stays.
    let read = snapshot.attempt(|client| client.query(b"SELECT x FROM public.t")).unwrap();
    assert!(restricts.trim() == "0" || read.unwrap_err().contains("restricted"));
}
