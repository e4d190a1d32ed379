use proptest::prelude::*;

use super::*;

fn key(columns: &[(usize, bool)]) -> Key {
    Key { columns: columns.iter().map(|&(index, numeric)| KeyColumn { index, numeric }).collect() }
}

fn sorted(key: &Key, rows: &[Vec<u8>], budget: usize) -> Vec<u8> {
    let mut sorter = Sorter::new(key.clone(), budget);
    for row in rows {
        sorter.push(row).unwrap();
    }
    let mut out = Vec::new();
    assert_eq!(sorter.finish(&mut out).unwrap(), rows.len() as u64);
    out
}

fn in_memory(key: &Key, rows: &[Vec<u8>]) -> Vec<u8> {
    let mut rows = rows.to_vec();
    rows.sort_by(|left, right| key.compare(left, right));
    rows.iter().flat_map(|row| row.iter().copied().chain([b'\n'])).collect()
}

#[test]
fn numbers_order_as_in_postgresql() {
    let in_order = [
        "-Infinity",
        "-1e+30",
        "-12345678901234567890123",
        "-100",
        "-99.5",
        "-1",
        "-0.5",
        "-0.05",
        "0",
        "1e-7",
        "0.00001",
        "0.05",
        "0.5",
        "1",
        "1.0001",
        "+2",
        "9",
        "10",
        "0012",
        "99.99",
        "100",
        "1.5e2",
        "12345678901234567890123",
        "1e+30",
        "Infinity",
        "NaN",
        "",
        "-",
        ".",
        "1x",
        "abc",
        "nan",
    ];
    for (at, left) in in_order.iter().enumerate() {
        for (other, right) in in_order.iter().enumerate() {
            let order = compare_numeric(left.as_bytes(), right.as_bytes());
            assert_eq!(order, at.cmp(&other), "{left} and {right}");
        }
    }
    for (left, right) in
        [("0", "-0.00"), ("1", "1.000"), ("007", "7."), (".5", "0.50"), ("10", "1e1"), ("-5e-1", "-.5")]
    {
        assert_eq!(compare_numeric(left.as_bytes(), right.as_bytes()), Ordering::Equal, "{left} and {right}");
    }
}

#[test]
fn nulls_come_last_and_ties_are_broken_by_the_row() {
    let rows =
        ["\\N\ta", "b\t2", "b\t10", "\\N", "a\t\\N", "", "b\t2", "a"].map(|row| row.as_bytes().to_vec());
    let text = |key: &Key| String::from_utf8(sorted(key, &rows, 1 << 20)).unwrap();
    assert_eq!(text(&key(&[(0, false), (1, true)])), "\na\na\t\\N\nb\t2\nb\t2\nb\t10\n\\N\ta\n\\N\n");
    assert_eq!(text(&key(&[])), "\n\\N\n\\N\ta\na\na\t\\N\nb\t10\nb\t2\nb\t2\n");
}

#[test]
fn many_runs_are_merged_in_several_passes() {
    // A budget of one byte makes every row a run of its own: more than FAN_IN squared of them.
    let rows: Vec<_> = (0..5000u64).map(|n| (n * 2_654_435_761 % 5003).to_string().into_bytes()).collect();
    let key = key(&[(0, true)]);
    assert_eq!(sorted(&key, &rows, 1), in_memory(&key, &rows));
    let mut sorter = Sorter::new(key, 1);
    for row in &rows {
        sorter.push(row).unwrap();
        assert!(sorter.passes.iter().all(|pass| pass.len() < FAN_IN));
    }
    assert_eq!(sorter.passes.len(), 3);
}

#[test]
fn a_row_larger_than_the_budget_is_sorted_too() {
    let rows = [vec![b'z'; 300_000], b"a".to_vec(), vec![b'b'; 100_000], b"c\nd".to_vec()];
    assert_eq!(sorted(&key(&[]), &rows, 1000), in_memory(&key(&[]), &rows));
}

#[test]
fn an_empty_sorter_writes_nothing() {
    assert!(sorted(&key(&[]), &[], 0).is_empty());
}

#[test]
fn a_spool_gives_back_rows_of_any_length() {
    let rows = [100_000, 0, 7, SPOOL_IN_MEMORY, 1].map(|length| vec![b'x'; length]);
    for last_newline in [true, false] {
        let mut bytes = rows.join(&b'\n');
        bytes.extend(last_newline.then_some(b'\n'));
        let mut spool = Spool::new();
        for chunk in bytes.chunks(999) {
            spool.write_all(chunk).unwrap();
        }
        let mut back = Vec::new();
        let end = spool.position();
        spool.write_all(b"another's").unwrap();
        let count = spool.for_each_row(&[0..1000, 1000..end], |row| {
            back.push(row.to_vec());
            Ok::<(), io::Error>(())
        });
        assert!(back == rows);
        assert_eq!(count.unwrap(), rows.len() as u64);
    }
    assert_eq!(Spool::new().for_each_row(&[], |_| Err(io::Error::other("no row"))).unwrap(), 0);
}

#[test]
fn a_spool_hands_on_the_error_of_its_reader() {
    let mut spool = Spool::new();
    spool.write_all(b"a\nb\n").unwrap();
    let error =
        spool.for_each_row(&[0..2, 2..4], |row| Err(io::Error::other(format!("{row:?}")))).unwrap_err();
    assert_eq!(error.to_string(), "[97]");
}

fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let value = prop_oneof![
        3 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?".prop_map(String::into_bytes),
        1 => Just(b"\\N".to_vec()),
        1 => Just(b"NaN".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    let row = prop::collection::vec(value, 0..4).prop_map(|values| values.join(&b'\t'));
    prop::collection::vec(row, 0..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_budget_and_any_order_of_input_give_the_same_output(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        key in prop::collection::vec((0usize..4, any::<bool>()), 0..3).prop_map(|columns| key(&columns)),
        budget in 0usize..600,
    ) {
        let expected = in_memory(&key, &rows);
        prop_assert_eq!(&sorted(&key, &rows, budget), &expected);
        prop_assert_eq!(&sorted(&key, &shuffled, budget), &expected);
    }

    #[test]
    fn rows_have_a_total_order(rows in rows(), numeric in any::<bool>()) {
        let key = key(&[(0, numeric), (1, !numeric)]);
        for three in rows.windows(3) {
            let [a, b, c] = three else { continue };
            prop_assert_eq!(key.compare(a, b), key.compare(b, a).reverse());
            prop_assert_eq!(key.compare(a, b).is_eq(), a == b);
            if key.compare(a, b).is_le() && key.compare(b, c).is_le() {
                prop_assert!(key.compare(a, c).is_le());
            }
        }
    }
}
