//! No tar archive makes trouble, and it is the same out of a pipe and out of a file, by one thread and by several.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod visit;

/// Sets the checksum of whatever looks like the head of a member, which random changes never meet.
fn mend(archive: &mut [u8]) {
    for block in archive.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((how, archive)) = input.split_first() else { return };
    let mut archive = archive.to_vec();
    if *how != 0 {
        mend(&mut archive);
    }
    visit::bytes(&archive);
});
