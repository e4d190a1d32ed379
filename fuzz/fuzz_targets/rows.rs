//! Rows come out sorted and complete, however little memory there is.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use tree::rows::{Key, KeyColumn, Sorter, Spool};

fuzz_target!(|input: &[u8]| {
    let [columns, budget, data @ ..] = input else { return };
    let column = |bits: u8| KeyColumn { index: usize::from(bits & 1), numeric: bits & 2 != 0 };
    let columns = (0..columns & 3).map(|at| column(columns >> (2 + 2 * at))).collect();
    let key = Key { columns };

    let mut spool = Spool::new();
    spool.write_all(data).unwrap();
    let mut sorter = Sorter::new(key.clone(), 1 + usize::from(*budget) * 16);
    let mut rows: Vec<Vec<u8>> = Vec::new();
    let count = spool
        .for_each_row(&[0..data.len() as u64], |row| {
            rows.push(row.to_vec());
            sorter.push(row)
        })
        .unwrap();
    let mut back = rows.join(&b'\n');
    back.extend(if data.ends_with(b"\n") { &b"\n"[..] } else { b"" });
    assert_eq!(back, data);

    let mut sorted = Vec::new();
    assert_eq!(sorter.finish(&mut sorted).unwrap(), count);
    rows.sort_by(|left, right| key.compare(left, right));
    // An order that were none would put equal rows apart.
    for pair in rows.windows(2) {
        assert!(key.compare(&pair[0], &pair[1]).is_le() && key.compare(&pair[1], &pair[0]).is_ge());
    }
    let expected: Vec<u8> = rows.iter().flat_map(|row| row.iter().copied().chain([b'\n'])).collect();
    assert_eq!(sorted, expected);
});
