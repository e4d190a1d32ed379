//! No custom archive makes trouble, and it is the same out of a pipe and out of a file, by one thread and by several.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod visit;

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"PGDMP") {
        visit::bytes(input);
    } else {
        visit::bytes(&[b"PGDMP", input].concat());
    }
});
