//! Patterns of names: none makes trouble, and a quoted name matches itself alone.
#![no_main]

use dump::{Name, Pattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, name) = input;
    let name = Name::from(name);
    if let Ok(pattern) = text.parse::<Pattern>() {
        assert_eq!(pattern.text(), text);
        let anywhere = pattern.matches(None, &name);
        let here = pattern.matches(Some(&Name::from("app")), &name);
        assert!(here || !anywhere);
    }
    let quoted = format!("\"{}\"", text.replace('"', "\"\""));
    let pattern: Pattern = quoted.parse().unwrap();
    assert!(pattern.matches(None, &Name::from(text)));
    assert_eq!(pattern.matches(None, &name), name.bytes() == text.as_bytes());
});
