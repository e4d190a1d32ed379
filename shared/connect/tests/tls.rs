//! Encrypted connections to a real server: every `sslmode` against certificates good and bad.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use connect::{Client, Environment, Parameters};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use scratch::{Cluster, Programs};

type Authority = Issuer<'static, KeyPair>;

/// A server that listens on an address of its own, so that its port is free.
struct Server {
    cluster: Cluster,
    address: String,
    data: PathBuf,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Option<Server> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let pid = process::id();
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.{}.{}.{}", 100 + (pid >> 8) % 100, pid % 256, number + 2);
        let cluster = Cluster::start_with(&programs, &[&format!("listen_addresses={address}")]).unwrap();
        let rules = "local all all trust\nhostssl all alice all scram-sha-256\nhostssl all carol all cert\n\
                     hostssl all encrypted all trust\nhostnossl all plain all trust\nhost all postgres all trust\n\
                     host all md5 all md5\n";
        let roles = "CREATE ROLE alice LOGIN PASSWORD 'hush'; CREATE ROLE carol LOGIN; CREATE ROLE encrypted LOGIN; \
                     CREATE ROLE plain LOGIN; SET password_encryption = md5; CREATE ROLE md5 LOGIN PASSWORD 'hush'";
        cluster.psql("postgres", roles).unwrap();
        let setting =
            |name: &str| PathBuf::from(cluster.psql("postgres", &format!("SHOW {name}")).unwrap().trim_end());
        fs::write(setting("hba_file"), rules).unwrap();
        let data = setting("data_directory");
        let server = Server { cluster, address, data, folder: tempfile::tempdir().unwrap() };
        server.reload();
        Some(server)
    }

    /// Returns when new connections see the new settings.
    fn reload(&self) {
        let loaded = || self.cluster.psql("postgres", "SELECT pg_conf_load_time()").unwrap();
        let (before, begin) = (loaded(), Instant::now());
        self.cluster.psql("postgres", "SELECT pg_reload_conf()").unwrap();
        while loaded() == before {
            assert!(begin.elapsed() < Duration::from_secs(30), "{}", self.cluster.log_tail());
            sleep(Duration::from_millis(20));
        }
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.data.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let owner = fs::metadata(&self.data).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    /// Lets the server use a certificate.
    fn present(&self, certificate: &str, key: &str) {
        self.put("server.crt", certificate);
        self.put("server.key", key);
        self.cluster.psql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
        self.reload();
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Connects; returns whether it is encrypted, or why it is not connected.
    fn connect(&self, host: &str, more: &str) -> Result<bool, String> {
        let Server { address, cluster, .. } = self;
        let user = if more.contains("user=") { "" } else { "user=postgres" };
        let port = cluster.port();
        let written = format!(
            "host={host} hostaddr={address} port={port} dbname=postgres {user} connect_timeout=20 {more}"
        );
        let environment = Environment { user: Some("nobody".to_owned()), ..Environment::default() };
        let parameters = Parameters::resolve(&written, &environment).map_err(|error| error.to_string())?;
        let mut client = Client::connect(&parameters).map_err(|error| error.to_string())?;
        let rows = client.query(b"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").unwrap();
        Ok(rows[0][0].as_deref() == Some(b"t"))
    }

    #[track_caller]
    fn assert(&self, host: &str, more: &str, expected: Result<bool, &str>) {
        let actual = self.connect(host, more);
        let same = match (&actual, expected) {
            (Ok(actual), Ok(expected)) => *actual == expected,
            (Err(actual), Err(expected)) => actual.contains(expected),
            _ => false,
        };
        assert!(same, "{host} {more}: expected {expected:?}; actual {actual:?}; {}", self.cluster.log_tail());
    }
}

fn authority(name: &str) -> (String, Authority) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

/// A certificate with names and with a subject, and its key.
fn certificate(names: &[&str], subject: &str, by: Option<&Authority>) -> (String, String) {
    let mut params =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.serial_number = Some(SerialNumber::from(4711));
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(by) => params.signed_by(&key, by).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (certificate.pem(), key.serialize_pem())
}

const UNTRUSTED: &str = "comes from no authority that is trusted";
const OTHER_HOST: &str = "is for another host than";

#[test]
fn every_sslmode_means_what_libpq_says() {
    let Some(server) = Server::start() else { return };
    let (good, issuer) = authority("good authority");
    let (other, _) = authority("other authority");
    let good = server.file("good.crt", &good);
    let other = server.file("other.crt", &other);

    // A server that cannot.
    for (mode, expected) in [
        ("disable", Ok(false)),
        ("allow", Ok(false)),
        ("prefer", Ok(false)),
        ("require", Err("the server does not support it")),
        ("verify-ca", Err("the server does not support it")),
        ("verify-full", Err("the server does not support it")),
    ] {
        server.assert("db.example", &format!("sslmode={mode} sslrootcert={good}"), expected);
    }

    let (certificate_text, key) =
        certificate(&["db.example", "*.wild.example"], "ignored.example", Some(&issuer));
    server.present(&certificate_text, &key);
    for (mode, with_good, with_other, without) in [
        ("disable", Ok(false), Ok(false), Ok(false)),
        ("allow", Ok(false), Ok(false), Ok(false)),
        // What cannot be trusted is not encrypted, as in libpq.
        ("prefer", Ok(true), Ok(false), Ok(true)),
        ("require", Ok(true), Err(UNTRUSTED), Ok(true)),
        ("verify-ca", Ok(true), Err(UNTRUSTED), Err("root certificate file does not exist")),
        ("verify-full", Ok(true), Err(UNTRUSTED), Err("root certificate file does not exist")),
    ] {
        server.assert("db.example", &format!("sslmode={mode} sslrootcert={good}"), with_good);
        server.assert("db.example", &format!("sslmode={mode} sslrootcert={other}"), with_other);
        server.assert("db.example", &format!("sslmode={mode}"), without);
        server.assert("db.example", &format!("sslmode={mode} sslrootcert=/nowhere"), without);
    }
    server.assert("db.example", "sslrootcert=system", Err("encrypted connection"));
    server.assert("db.example", "sslmode=require sslrootcert=system", Err("only `sslmode=verify-full`"));

    // Hosts.
    let full = format!("sslmode=verify-full sslrootcert={good}");
    for (host, expected) in [
        ("DB.example", Ok(true)),
        ("a.wild.example", Ok(true)),
        ("a.b.wild.example", Err(OTHER_HOST)),
        ("ignored.example", Err(OTHER_HOST)),
        (server.address.as_str(), Err(OTHER_HOST)),
    ] {
        server.assert(host, &full, expected);
        server.assert(host, &format!("sslmode=verify-ca sslrootcert={good}"), Ok(true));
    }

    // A server's rules decide what `allow` and `prefer` end up with.
    server.assert("db.example", "sslmode=allow user=encrypted", Ok(true));
    server.assert("db.example", "sslmode=prefer user=plain", Ok(false));
    server.assert("db.example", "sslmode=disable user=encrypted", Err("28000"));
    server.assert("db.example", "sslmode=require user=plain", Err("28000"));

    // Channel binding.
    let alice = "sslmode=require user=alice password=hush";
    for wanted in ["disable", "prefer", "require"] {
        server.assert("db.example", &format!("{alice} channel_binding={wanted}"), Ok(true));
    }
    server.assert("db.example", &format!("{alice} channel_binding=require password=no"), Err("28P01"));
    let required = "channel binding is required";
    server.assert("db.example", "sslmode=require channel_binding=require", Err(required));
    server.assert(
        "db.example",
        "sslmode=require user=md5 password=hush channel_binding=require",
        Err(required),
    );
    server.assert(
        "db.example",
        "sslmode=disable user=md5 password=hush channel_binding=require",
        Err(required),
    );
}

#[test]
fn certificates_of_other_makes_are_judged_as_libpq_does() {
    let Some(server) = Server::start() else { return };
    let (good_text, issuer) = authority("good authority");
    let good = server.file("good.crt", &good_text);
    let full = format!("sslmode=verify-full sslrootcert={good}");

    // Without other names, that of the subject counts, as in certificates made by PostgreSQL's manual.
    let (text, key) = certificate(&[], "db.example", Some(&issuer));
    server.present(&text, &key);
    server.assert("db.example", &full, Ok(true));
    server.assert("other.example", &full, Err(OTHER_HOST));

    // An address.
    let (text, key) = certificate(&[&server.address], "db.example", Some(&issuer));
    server.present(&text, &key);
    server.assert(&server.address, &full, Ok(true));
    server.assert("127.0.0.9", &full, Err(OTHER_HOST));
    server.assert("db.example", &full, Ok(true));

    // A revoked one.
    let now = rcgen::date_time_ymd(2020, 1, 1);
    let list = |serial: u64| {
        let params = CertificateRevocationListParams {
            this_update: now,
            next_update: rcgen::date_time_ymd(2099, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: now,
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&issuer).unwrap().pem().unwrap()
    };
    let revoked = server.file("revoked.crl", &list(4711));
    let others = server.file("others.crl", &list(4712));
    server.assert("db.example", &format!("{full} sslcrl={revoked}"), Err("it is revoked"));
    server.assert("db.example", &format!("{full} sslcrl={others}"), Ok(true));
    server.assert("db.example", &format!("{full} sslcrl={good}"), Err("no revocation list"));

    // One that vouches for itself.
    let (text, key) = certificate(&["db.example"], "db.example", None);
    server.present(&text, &key);
    let own = server.file("own.crt", &text);
    server.assert("db.example", "sslmode=require", Ok(true));
    server.assert("db.example", &full, Err(UNTRUSTED));
    server.assert("db.example", &format!("sslmode=verify-full sslrootcert={own}"), Ok(true));
    server.assert("x.example", &format!("sslmode=verify-full sslrootcert={own}"), Err(OTHER_HOST));

    // One that has expired.
    let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    let key = KeyPair::generate().unwrap();
    server.present(&params.signed_by(&key, &issuer).unwrap().pem(), &key.serialize_pem());
    server.assert("db.example", &full, Err("it has expired"));
    server.assert("db.example", "sslmode=require", Ok(true));
}

#[test]
fn a_certificate_of_our_own_is_shown_to_the_server() {
    let Some(server) = Server::start() else { return };
    let (good, issuer) = authority("good authority");
    let (text, key) = certificate(&["db.example"], "db.example", Some(&issuer));
    server.put("root.crt", &good);
    server.cluster.psql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'root.crt'").unwrap();
    server.present(&text, &key);
    let (text, key_text) = certificate(&[], "carol", Some(&issuer));
    let (cert, key) = (server.file("carol.crt", &text), server.file("carol.key", &key_text));
    let carol = format!("sslmode=require user=carol sslcert={cert} sslkey={key}");
    server.assert("db.example", &carol, Ok(true));
    server.assert("db.example", "sslmode=require user=carol", Err("28000"));
    server.assert(
        "db.example",
        &format!("sslmode=require user=carol sslcert={cert}"),
        Err("no private key file"),
    );
    let (_, stranger) = certificate(&[], "carol", Some(&issuer));
    let stranger = server.file("stranger.key", &stranger);
    let mixed = format!("sslmode=require user=carol sslcert={cert} sslkey={stranger}");
    server.assert("db.example", &mixed, Err("encrypted connection"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    server.assert("db.example", &carol, Err("has group or world access"));
}

/// Guards certificates of version 1, which webpki does not take: `openssl x509 -req` makes them in the way that
/// PostgreSQL's manual shows ("Creating Certificates").
#[test]
fn certificates_made_as_the_manual_says_are_taken() {
    let Some(server) = Server::start() else { return };
    let folder = server.folder.path().to_owned();
    let openssl = |arguments: &str| {
        Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(&folder)
            .output()
            .map(|output| output.status)
    };
    if openssl("version").is_err() {
        eprintln!("skipped: no `openssl` program");
        return;
    }
    for (name, subject) in [("root", "root.example"), ("server", "db.example"), ("strange", "root.example")] {
        let made =
            openssl(&format!("req -new -nodes -text -out {name}.csr -keyout {name}.key -subj /CN={subject}"))
                .unwrap();
        assert!(made.success());
    }
    for name in ["root", "strange"] {
        let made =
            openssl(&format!("x509 -req -in {name}.csr -days 3650 -signkey {name}.key -out {name}.crt"))
                .unwrap();
        assert!(made.success());
    }
    let made = openssl(
        "x509 -req -in server.csr -days 365 -CA root.crt -CAkey root.key -CAcreateserial -out server.crt",
    );
    assert!(made.unwrap().success());
    let text = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).unwrap();
    server.present(&text("server.crt"), &text("server.key"));
    let trusting = |file: &str| format!("sslmode=verify-full sslrootcert={}", folder.join(file).display());
    server.assert("db.example", "sslmode=require", Ok(true));
    server.assert("db.example", &trusting("root.crt"), Ok(true));
    server.assert("x.example", &trusting("root.crt"), Err(OTHER_HOST));
    // It bears the same name and is another's.
    server.assert("db.example", &trusting("strange.crt"), Err(UNTRUSTED));
    server.cluster.psql("postgres", "ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'").unwrap();
    server.reload();
    server.assert("db.example", &trusting("root.crt"), Ok(true));
}
