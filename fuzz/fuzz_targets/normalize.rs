//! What is read and written as a script reads and writes as itself; every byte is accounted for.
#![no_main]

use dump::{Dump, NoData, ReadOptions, Stream};
use libfuzzer_sys::fuzz_target;

/// A script does not say which pg_dump and server its dump came from, so that `ALL` and options of subscriptions would
/// be taken for older ones than they are.
const ORIGIN: &[u8] = b"SET transaction_timeout = 0;\n-- Dumped from database version 18.0\n";

fn read(text: &[u8]) -> Result<Dump, dump::Error> {
    dump::read(Stream(text), ReadOptions::default(), &mut NoData)
}

fn write(dump: &Dump) -> Vec<u8> {
    let mut script = Vec::new();
    for schema in [&dump.cluster].into_iter().chain(dump.databases.iter().map(|database| &database.schema)) {
        dump::write_script(schema, &mut script, |_| Ok(())).unwrap();
    }
    script
}

fuzz_target!(|text: &[u8]| {
    let Ok(dump) = read(text) else { return };
    assert_eq!(dump.ledger.total(), text.len() as u64);
    assert_eq!(dump.bytes, text.len() as u64);
    // What is not understood is kept as it is, wherever that leads.
    let kept_verbatim = !dump.unknown.is_empty() || dump.ledger.trailer > 0;
    let script = write(&dump);
    if kept_verbatim {
        return;
    }
    let again = read(&[ORIGIN, &script].concat());
    let again = write(&again.unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&script))));
    let [script, again] = [script, again].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert_eq!(again, script);
});
