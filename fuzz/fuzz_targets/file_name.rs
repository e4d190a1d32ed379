//! Every name has one file name, and every file name that is taken back is one of those.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tree::file_name::{MAX_COMPONENT, decode, encode};

fuzz_target!(|name: &[u8]| {
    if let Ok(text) = std::str::from_utf8(name)
        && let Ok(name) = decode(text)
    {
        assert!(encode(&name).eq_ignore_ascii_case(text));
    }
    if name.contains(&0) {
        return;
    }
    let file = encode(name);
    assert!(file.is_ascii());
    assert_eq!(decode(&file).unwrap(), name);
    assert_eq!(decode(&file.to_ascii_lowercase()).unwrap(), name);
    assert_eq!(decode(&file.to_ascii_uppercase()).unwrap(), name);
    for component in file.split('/') {
        assert!((1..=MAX_COMPONENT).contains(&component.len()));
        assert!(!component.starts_with(['.', ' ', '-']) && !component.ends_with(['.', ' ']));
    }
});
