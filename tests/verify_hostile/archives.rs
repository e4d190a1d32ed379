//! Hostile archives.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use scratch::Cluster;

use super::{Canaries, Case};

/// Damage, or a file that nobody reads: never good.
const NEVER_GOOD: &[i32] = &[1, 2, 3];

pub fn cases(folder: &Path, canaries: &Canaries, cluster: &Cluster) -> Vec<Case> {
    let (file, new) = (&canaries.file, canaries.new.display());
    let mut cases = Vec::new();
    let mut add = |name: &str, codes: &'static [i32], backup: std::path::PathBuf| {
        cases.push(Case { name: name.to_owned(), backup, codes, says: "", arguments: &["--timeout", "30"] });
    };
    cluster.create_database("odd").unwrap();
    let odd = format!("x\n\\! touch {new}\n; DROP TABLE y; --");
    let sql = format!(
        "CREATE TABLE \"{odd}\" AS SELECT 1 AS x; COMMENT ON TABLE \"{odd}\" IS '{odd}'; CREATE TABLE t AS SELECT 2 AS x"
    );
    cluster.psql("odd", &sql).unwrap();
    // CVE-2025-8715 and CVE-2017-7547's kin: names that hold commands are names.
    for (name, option) in [("odd.sql", "-Fp"), ("odd.dump", "-Fc"), ("odd.tar", "-Ft"), ("odd.dir", "-Fd")] {
        let path = folder.join(name);
        cluster.pg_dump("odd", &[option, "-f", path.to_str().unwrap()]).unwrap();
        add(name, &[0], path);
    }

    // Numbers in a table of contents that no file holds.
    for (name, length, count) in
        [("huge length", i32::MAX, 1), ("huge count", 1, i32::MAX), ("negative count", 1, -5)]
    {
        let path = folder.join(name.replace(' ', "_"));
        fs::write(&path, header(length, count)).unwrap();
        add(name, NEVER_GOOD, path);
    }

    // Statements in entries of an archive.
    let custom = fs::read(folder.join("odd.dump")).unwrap();
    let swap = |from: &str, to: &str| {
        let mut bytes = custom.clone();
        let at = memchr::memmem::find(&bytes, from.as_bytes()).unwrap();
        assert!(to.len() <= from.len());
        let padded = format!("{to:<width$}", width = from.len());
        bytes[at..at + from.len()].copy_from_slice(padded.as_bytes());
        bytes
    };
    let path = folder.join("program.dump");
    fs::write(&path, swap("CREATE TABLE public.t (\n    x integer\n);", "COPY t TO PROGRAM 'id>/tmp/x';"))
        .unwrap();
    add("program in an entry", NEVER_GOOD, path);
    let path = folder.join("copy.dump");
    fs::write(&path, swap("COPY public.t (x) FROM stdin;", "COPY t FROM PROGRAM 'id';")).unwrap();
    add("program in the COPY of an entry", NEVER_GOOD, path);

    // Members of a tar that leave the folder.
    let path = folder.join("members.tar");
    let mut tar = fs::read(folder.join("odd.tar")).unwrap();
    let mut more = tar::Builder::new(Vec::new());
    let mut member = tar::Header::new_gnu();
    member.set_size(3);
    member.as_mut_bytes()[..12].copy_from_slice(b"../../canary");
    member.set_cksum();
    more.append(&member, &b"bad"[..]).unwrap();
    let more = more.into_inner().unwrap();
    tar.splice(0..0, more[..1024].iter().copied());
    fs::write(&path, tar).unwrap();
    add("member outside", NEVER_GOOD, path);

    // Data files of a directory that are something else.
    for (name, replace) in [("link", 0), ("device", 1), ("pipe", 2), ("folder", 3), ("socket", 4)] {
        let path = folder.join(format!("dir_{name}"));
        fs::create_dir(&path).unwrap();
        for entry in fs::read_dir(folder.join("odd.dir")).unwrap().flatten() {
            let to = path.join(entry.file_name());
            if entry.file_name() == "toc.dat" {
                fs::copy(entry.path(), to).unwrap();
                continue;
            }
            match replace {
                0 => symlink(file, to).unwrap(),
                1 => symlink("/dev/zero", to).unwrap(),
                2 => nix::unistd::mkfifo(&to, nix::sys::stat::Mode::S_IRWXU).unwrap(),
                3 => fs::create_dir(to).unwrap(),
                _ => drop(std::os::unix::net::UnixListener::bind(to).unwrap()),
            }
        }
        add(&format!("data file is a {name}"), NEVER_GOOD, path);
    }

    // Little that becomes much: 100 MB out of 100 kB.
    let path = folder.join("bomb.sql.gz");
    let mut gz = flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::best());
    gz.write_all(b"CREATE TABLE public.b (x text);\nCOPY public.b (x) FROM stdin;\n").unwrap();
    let row = [vec![b'x'; 1 << 20], vec![b'\n']].concat();
    for _ in 0..100 {
        gz.write_all(&row).unwrap();
    }
    gz.write_all(b"\\.\n-- PostgreSQL database dump complete\n").unwrap();
    gz.finish().unwrap();
    add("bomb", &[0, 3], path);
    cases
}

/// The begin of a custom archive of version 1.14 with one string of a length and a count of entries.
fn header(length: i32, count: i32) -> Vec<u8> {
    let mut bytes = b"PGDMP\x01\x0e\x00\x04\x08\x01".to_vec();
    let number = |bytes: &mut Vec<u8>, number: i32| {
        bytes.push(u8::from(number < 0));
        bytes.extend(number.unsigned_abs().to_le_bytes());
    };
    // Compression, and a date of seven numbers.
    for value in [0, 0, 0, 0, 1, 0, 100, 0] {
        number(&mut bytes, value);
    }
    number(&mut bytes, length);
    bytes.push(b'x');
    for _ in 0..2 {
        number(&mut bytes, 1);
        bytes.push(b'1');
    }
    number(&mut bytes, count);
    bytes
}
