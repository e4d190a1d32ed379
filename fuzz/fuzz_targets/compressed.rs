//! No compressed bytes make trouble, be they around a dump or made up.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

mod visit;

const MAGIC: [&[u8]; 4] = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b""];

/// The same bytes in stored blocks of gzip, whose checksum is right: what is inside can be reached by mutation.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC[0].to_vec();
    let mut chunks = bytes.chunks(0xffff).peekable();
    if chunks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(chunk) = chunks.next() {
        let len = chunk.len() as u16;
        out.push(u8::from(chunks.peek().is_none()));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(chunk);
    }
    let sum = bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    });
    out.extend((!sum).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let inner = [MAGIC[usize::from(*how) % 4], bytes].concat();
    visit::bytes(&inner);
    if how & 4 == 0 {
        return;
    }
    visit::bytes(&stored(&inner));
    // A dump is the same with a layer around it and without, except that it must be small enough then.
    let bare = archive::from_reader(Box::new(Cursor::new(inner.clone())));
    let wrapped = archive::from_reader(Box::new(Cursor::new(stored(&inner))));
    if let (Ok(bare), Ok(wrapped)) = (&bare, &wrapped) {
        assert_eq!(wrapped.compression.len(), bare.compression.len() + 1);
    }
});
