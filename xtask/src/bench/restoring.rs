//! `pgdump-verify` beside what one would do by hand, on the same data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use connect::{Environment, Parameters};
use restore::Plan;
use scratch::{Cluster, Programs};

use super::measure::{Sample, measure, measure_here};
use super::table;

/// What a cluster has that `initdb` made and nobody configured, over our own settings.
const STOCK: [&str; 9] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=replica",
    "max_wal_senders=10",
    "autovacuum=on",
    "shared_buffers=128MB",
    "max_locks_per_transaction=64",
    "huge_pages=try",
];

/// Runs all in turn, again and again, and prints a table.
pub fn run(dump: &Path, archive: &Path, bin: &Path, runs: u32) -> Result<()> {
    let programs = Programs::find()?;
    let (mut by_hand, mut restored, mut alone, mut verified) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        {
            let stock = Cluster::start_with(&programs, &STOCK)?;
            let mut shell = shell(
                &stock,
                "createdb x && psql -qX -o /dev/null -d x -f \"$1\" && psql -qXAt -d x -o /dev/null -c \"$2\"",
            );
            by_hand.push(measure(shell.arg(dump).arg(COUNTS), &[0])?);
        }
        {
            let tuned = tuned(&programs)?;
            let mut shell = shell(&tuned, "createdb x && pg_restore -j2 -d x \"$1\"");
            restored.push(measure(shell.arg(archive), &[0])?);
        }
        {
            let tuned = tuned(&programs)?;
            alone.push(measure_here(|| restore_alone(&tuned, dump))?);
        }
        let mut verify = Command::new(bin.join("pgdump-verify"));
        verified.push(measure(verify.arg("--jobs=2").arg(dump), &[0])?);
    }
    let rows: [(&str, &[Sample]); 2] =
        [("createdb; psql -f; count(*) on a stock cluster", &by_hand), ("verify", &verified)];
    println!("{}", table::render(&rows));
    let rows: [(&str, &[Sample]); 2] = [
        ("pg_restore -j2 of the custom archive, tuned", &restored),
        ("our restore of the plain dump", &alone),
    ];
    print!("{}", table::render(&rows));
    Ok(())
}

/// A cluster with the settings of those that backups are verified on.
fn tuned(programs: &Programs) -> Result<Cluster> {
    let settings = scratch::restoring_settings(programs.major(), 2);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Ok(Cluster::start_with(programs, &settings)?)
}

/// What verify does of a restore before it compares anything: reads the plan and goes through it.
fn restore_alone(cluster: &Cluster, dump: &Path) -> Result<()> {
    cluster.create_database("x")?;
    let folder = cluster.socket_dir();
    let written = format!("host='{}' port={} dbname=x", folder.display(), cluster.port());
    let environment = Environment { user: Some(cluster.superuser().to_owned()), ..Environment::default() };
    let admin = Parameters::resolve(&written, &environment)?;
    let (plan, source) = Plan::read(dump)?;
    ensure!(plan.databases.len() == 1, "{} holds several databases", dump.display());
    let options = restore::Options {
        restorer: admin.clone(),
        superuser: restore::Superuser::of_scratch(admin, cluster.programs().major()),
        jobs: 2,
        withheld: None,
        mark: None,
        trusted: false,
        newer: false,
        partial: false,
        major: None,
        observer: Arc::new(()),
    };
    let report = restore::restore(&plan.databases[0], &source, &options)?;
    ensure!(report.failures.is_empty(), "our restore failed: {:?}", report.failures);
    Ok(())
}

/// Counts the rows of every table.
const COUNTS: &str = "select (select count(*) from customer), (select count(*) from product), \
                      (select count(*) from sale), (select count(*) from line), (select count(*) from event)";

/// A shell that finds a cluster and its programs.
pub fn shell(cluster: &Cluster, script: &str) -> Command {
    // What leads to the cluster is in the environment of its own programs.
    let like = cluster.command("psql");
    let mut command = Command::new("sh");
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(cluster.programs().bindir().to_owned()).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command.args(["-ec", script, "sh"]);
    command
}

/// Five tables of about a gigabyte, with the keys and indexes that a shop has.
const SHOP: &str = "
CREATE TABLE customer (id bigint, name text, email text, created timestamptz, balance numeric(12,2), tags jsonb);
INSERT INTO customer SELECT n, 'customer ' || n, md5(n::text) || '@example.org', '2020-01-01'::timestamptz + n * interval
    '7 minutes', (n % 100000) / 7.0, jsonb_build_object('k', n % 10, 'v', md5((n * 3)::text)) FROM generate_series(1, 600 * {scale}) n;
CREATE TABLE product (id integer, title text, description text, price numeric(10,2));
INSERT INTO product SELECT n, 'product ' || n, repeat(md5(n::text), 8), (n % 9999) / 3.0 FROM generate_series(1, 200 * {scale}) n;
CREATE TABLE sale (id bigint, customer bigint, at timestamptz, status text, total numeric(12,2));
INSERT INTO sale SELECT n, 1 + (n * 7919) % (600 * {scale}), '2021-01-01'::timestamptz + n * interval '11 seconds',
    (ARRAY['new', 'paid', 'sent', 'done'])[1 + n % 4], (n % 77777) / 3.0 FROM generate_series(1::bigint, 3000 * {scale}) n;
CREATE TABLE line (sale bigint, number integer, product integer, quantity integer, price numeric(10,2));
INSERT INTO line SELECT 1 + (n * 13) % (3000 * {scale}), 1 + n / (3000 * {scale}), 1 + (n * 31) % (200 * {scale}), 1 + n % 9,
    (n % 5555) / 7.0 FROM generate_series(0::bigint, 9000 * {scale} - 1) n;
CREATE TABLE event (id bigint, at timestamptz, kind text, payload text);
INSERT INTO event SELECT n, '2022-01-01'::timestamptz + n * interval '3 seconds', 'kind' || n % 20,
    md5(n::text) || md5((n + 1)::text) || md5((n * 5)::text) FROM generate_series(1::bigint, 3000 * {scale}) n;
ALTER TABLE customer ADD PRIMARY KEY (id);
ALTER TABLE product ADD PRIMARY KEY (id);
ALTER TABLE sale ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES customer;
ALTER TABLE line ADD PRIMARY KEY (sale, number), ADD FOREIGN KEY (sale) REFERENCES sale, ADD FOREIGN KEY (product) REFERENCES product;
ALTER TABLE event ADD PRIMARY KEY (id);
CREATE INDEX ON customer (email);
CREATE INDEX ON sale (customer);
CREATE INDEX ON sale (at);
CREATE INDEX ON line (product);
CREATE INDEX ON event (at);
";

/// Makes the two dumps, plain and custom, of `thousands` times a few rows.
pub fn make(programs: &Programs, plain: &Path, custom: &Path, thousands: u64) -> Result<()> {
    let cluster = Cluster::start(programs)?;
    cluster.create_database("shop")?;
    cluster.psql_script("shop", SHOP.replace("{scale}", &thousands.to_string()).as_bytes())?;
    for (form, path) in [("-Fc", custom), ("-Fp", plain)] {
        println!("generating {}", path.display());
        let partial: PathBuf = path.with_extension("partial");
        let arguments = [form, "-f", &partial.display().to_string()];
        cluster.pg_dump("shop", &arguments)?;
        fs::rename(&partial, path).with_context(|| format!("cannot rename {}", partial.display()))?;
    }
    Ok(())
}
