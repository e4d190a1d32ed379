//! Builds small archives by hand, in every version that is read.

use std::collections::BTreeMap;
use std::io::Write;

use archive::Compression;

/// What a small archive is to be.
#[derive(Clone, Copy)]
pub struct Small {
    /// The archive version is 1.this.
    pub minor: u8,
    /// Whether a custom archive's table of contents says where the data is.
    pub offsets: bool,
    pub compression: Compression,
}

const ROWS: [(u32, &str); 2] = [(7, "1\tone\n2\ttwo\n3\tthree\n\\.\n\n\n"), (8, "\\.\n\n\n")];
const OBJECTS: [(u32, &str); 2] = [(42, "a large object, not very large"), (3_000_000_000, "")];
const BLOBS: u32 = 9;

/// The data in each of the archives.
pub fn data() -> BTreeMap<(u32, Option<u32>), Vec<u8>> {
    let rows = ROWS.iter().map(|(id, text)| ((*id, None), text.as_bytes().to_vec()));
    let objects = OBJECTS.iter().map(|(oid, text)| ((BLOBS, Some(*oid)), text.as_bytes().to_vec()));
    rows.chain(objects).collect()
}

/// Returns about where the data of a custom archive starts.
pub fn data_start(archive: &[u8]) -> usize {
    memchr::memmem::rfind(archive, b"BLOBS").unwrap() + 60
}

pub fn suffix(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "",
        Compression::Gzip => ".gz",
        Compression::Lz4 => ".lz4",
        Compression::Zstd => ".zst",
    }
}

/// Compresses as a file is.
pub fn compress_file(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        }
        Compression::Lz4 => {
            let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
            lz4.write_all(bytes).unwrap();
            lz4.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 3).unwrap(),
    }
}

/// Compresses as a custom archive does.
fn compress_piece(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    if compression != Compression::Gzip {
        return compress_file(compression, bytes);
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(bytes).unwrap();
    zlib.finish().unwrap()
}

fn int(to: &mut Vec<u8>, number: i64) {
    to.push(u8::from(number < 0));
    to.extend((number.unsigned_abs() as u32).to_le_bytes());
}

fn string(to: &mut Vec<u8>, text: Option<&str>) {
    int(to, text.map_or(-1, |text| text.len() as i64));
    to.extend(text.unwrap_or_default().bytes());
}

fn chunks(to: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(11) {
        int(to, chunk.len() as i64);
        to.extend(chunk);
    }
    int(to, 0);
}

impl Small {
    /// The head and the table of contents; `places` are the offsets of the data in a custom archive.
    fn contents(self, custom: bool, places: &[u64]) -> Vec<u8> {
        let mut to = b"PGDMP\x01".to_vec();
        to.extend([self.minor, 0, 4, 8, if custom { 1 } else { 3 }]);
        if self.minor >= 15 {
            to.push(match self.compression {
                Compression::None => 0,
                Compression::Gzip => 1,
                Compression::Lz4 => 2,
                Compression::Zstd => 3,
            });
        } else {
            int(&mut to, if self.compression == Compression::None { 0 } else { -1 });
        }
        [6, 11, 3, 21, 10, 126, 0].iter().for_each(|field| int(&mut to, *field));
        ["small", "16.1", "16.1"].iter().for_each(|text| string(&mut to, Some(text)));
        let list = if self.minor >= 16 { "blobs_9.toc" } else { "blobs.toc" };
        let entries = [
            (1, "ENCODING", "ENCODING", 2, ""),
            (7, "t", "TABLE DATA", 3, "7.dat"),
            (8, "empty", "TABLE DATA", 3, "8.dat"),
            (9, "BLOBS", "BLOBS", 3, list),
        ];
        int(&mut to, entries.len() as i64);
        let mut places = places.iter();
        for (id, tag, desc, section, file) in entries {
            int(&mut to, id);
            int(&mut to, i64::from(!file.is_empty()));
            [Some("0"), Some("16384"), Some(tag), Some(desc)].iter().for_each(|text| string(&mut to, *text));
            if self.minor >= 11 {
                int(&mut to, section);
            }
            string(&mut to, Some("SET client_encoding = 'UTF8';\n"));
            [None, Some("COPY t FROM stdin;\n"), Some("public"), None]
                .iter()
                .for_each(|text| string(&mut to, *text));
            if self.minor >= 14 {
                string(&mut to, None);
            }
            if self.minor >= 16 {
                int(&mut to, i64::from(b'r'));
            }
            [Some("me"), Some("false"), Some("1"), None].iter().for_each(|text| string(&mut to, *text));
            if !custom {
                string(&mut to, Some(file));
            } else if file.is_empty() {
                to.extend([3; 9]);
            } else if self.offsets {
                to.push(2);
                to.extend(places.next().copied().unwrap_or_default().to_le_bytes());
            } else {
                to.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
        }
        to
    }

    /// An archive as `pg_dump -Fc >file` writes it from PostgreSQL 16 on: the table of contents that should have
    /// replaced the first one is behind the data. Also returns where that begins.
    pub fn appended(self) -> (Vec<u8>, usize) {
        let (_, places) = self.blocks();
        let mut archive = Small { offsets: false, ..self }.custom();
        let end = archive.len();
        let contents = Small { offsets: true, ..self }.contents(true, &places);
        let count = memchr::memmem::rfind(&contents, b"16.1").unwrap() + 4;
        archive.extend(&contents[count..]);
        (archive, end)
    }

    pub fn custom(self) -> Vec<u8> {
        let (data, places) = self.blocks();
        [self.contents(true, &places), data].concat()
    }

    /// The data area of a custom archive, and where its blocks are.
    fn blocks(self) -> (Vec<u8>, Vec<u64>) {
        let start = self.contents(true, &[]).len() as u64;
        let mut places = Vec::new();
        let mut data = Vec::new();
        for (id, text) in ROWS {
            places.push(start + data.len() as u64);
            data.push(1);
            int(&mut data, id.into());
            chunks(&mut data, &compress_piece(self.compression, text.as_bytes()));
        }
        places.push(start + data.len() as u64);
        data.push(3);
        int(&mut data, BLOBS.into());
        for (oid, text) in OBJECTS {
            // As a signed number of four bytes.
            int(&mut data, i64::from(oid as i32));
            chunks(&mut data, &compress_piece(self.compression, text.as_bytes()));
        }
        int(&mut data, 0);
        (data, places)
    }

    fn list(self) -> (String, Vec<u8>) {
        let name = if self.minor >= 16 { "blobs_9.toc" } else { "blobs.toc" };
        let lines = OBJECTS.map(|(oid, _)| format!("{oid} blob_{oid}.dat\n")).concat();
        (name.to_owned(), lines.into_bytes())
    }

    fn files(self, compression: Compression) -> Vec<(String, Vec<u8>)> {
        let suffix = suffix(compression);
        let mut files = vec![("toc.dat".to_owned(), self.contents(false, &[]))];
        let mut add = |name: String, text: &str| {
            // Neither LZ4 nor Zstandard writes anything around nothing.
            let nothing = text.is_empty() && compression != Compression::Gzip;
            let bytes = if nothing { Vec::new() } else { compress_file(compression, text.as_bytes()) };
            files.push((name, bytes));
        };
        for (id, text) in ROWS {
            add(format!("{id}.dat{suffix}"), text);
        }
        for (oid, text) in OBJECTS {
            add(format!("blob_{oid}.dat{suffix}"), text);
        }
        files.push(self.list());
        files
    }

    pub fn directory(self) -> Vec<(String, Vec<u8>)> {
        self.files(self.compression)
    }

    pub fn tar(self) -> Vec<u8> {
        let mut files = self.files(Compression::None);
        files.push(("restore.sql".to_owned(), b"-- a script\n".to_vec()));
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_path(name).unwrap();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_cksum();
            builder.append(&header, bytes.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }
}
