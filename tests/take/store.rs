//! A store that speaks the protocol of S3 and keeps objects in a folder, and the way there, on which things happen.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;

/// Whoever finds this in what a tool writes has found a leak.
pub const SECRET: &str = "a-secret-key-that-nobody-sees";

pub const BUCKET: &str = "backups";

/// What happens on the way.
#[derive(Clone, Debug)]
pub enum Way {
    /// Nothing.
    Free,
    /// Nobody answers any more after so many bytes to the store.
    Ends(usize),
    /// Bytes of the store's answers become others.
    Alters(&'static [u8], &'static [u8]),
    /// It takes this long for every 64 KiB to the store.
    Slow(Duration),
}

/// A store and the way there.
pub struct TestStore {
    root: tempfile::TempDir,
    port: u16,
    way: Arc<Mutex<Way>>,
}

impl TestStore {
    pub fn start() -> TestStore {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let behind = serve(root.path());
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Mutex::new(Way::Free));
        let shared = Arc::clone(&way);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let way = Arc::clone(&shared);
                thread::spawn(move || between(client, behind, &way));
            }
        });
        TestStore { root, port, way }
    }

    pub fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// Tells a program how to get there.
    pub fn tell<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
    }

    /// Where the store keeps an object.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(BUCKET).join(name)
    }

    /// All objects, by name.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        gather(&self.root.path().join(BUCKET), "", &mut names);
        names.sort();
        names
    }

    /// The parts of objects that never were completed.
    pub fn parts(&self) -> usize {
        let entries = fs::read_dir(self.root.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload_id-")).count()
    }
}

fn gather(folder: &Path, before: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let name = format!("{before}{}", entry.file_name().into_string().unwrap());
        match entry.path().is_dir() {
            true => gather(&entry.path(), &format!("{name}/"), names),
            false => names.push(name),
        }
    }
}

/// Serves a folder for as long as the process lives; returns the port.
fn serve(root: &Path) -> u16 {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single("key", SECRET));
    let service = builder.build();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.unwrap().block_on(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            sender.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // Who goes away in the middle is none of the store's business.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
    });
    receiver.recv().unwrap()
}

fn between(client: TcpStream, port: u16, way: &Arc<Mutex<Way>>) {
    if matches!(*way.lock().unwrap(), Way::Ends(0)) {
        return;
    }
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let forth = Arc::clone(way);
    let sending = thread::spawn(move || send(from, to, &forth));
    let back = answer(server, client, way);
    drop((sending.join(), back));
}

fn send(mut from: TcpStream, mut to: TcpStream, way: &Mutex<Way>) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut chunk)?;
        let mut now = way.lock().unwrap();
        let pause = match &mut *now {
            Way::Ends(left) => {
                *left = left.saturating_sub(read);
                if *left == 0 {
                    from.shutdown(Shutdown::Both)?;
                    return to.shutdown(Shutdown::Both);
                }
                Duration::ZERO
            }
            Way::Slow(pause) => *pause,
            Way::Free | Way::Alters(..) => Duration::ZERO,
        };
        drop(now);
        if read == 0 {
            return to.shutdown(Shutdown::Write);
        }
        thread::sleep(pause);
        to.write_all(&chunk[..read])?;
    }
}

fn answer(mut from: TcpStream, mut to: TcpStream, way: &Mutex<Way>) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return to.shutdown(Shutdown::Write);
        }
        if let Way::Alters(what, by) = *way.lock().unwrap()
            && let Some(at) = memchr::memmem::find(&chunk[..read], what)
        {
            chunk[at..at + by.len()].copy_from_slice(by);
        }
        to.write_all(&chunk[..read])?;
    }
}
