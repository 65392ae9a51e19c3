//! Addresses and the settings that go with them.

use samehost_transport_api::{Address, Code, Fault, Options};

fn parsed(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn splits_at_the_first_colon() {
    let address = parsed("stdio:python3 -c 'a:b'");
    assert_eq!((address.scheme(), address.rest()), ("stdio", "python3 -c 'a:b'"));
}

#[test]
fn lowers_the_scheme_and_leaves_the_rest() {
    assert_eq!(parsed("UNIX:/Run/App.sock").to_string(), "unix:/Run/App.sock");
}

#[test]
fn may_have_nothing_after_the_colon() {
    let address = parsed("stdio:");
    assert_eq!((address.scheme(), address.rest()), ("stdio", ""));
}

#[test]
fn may_have_digits_and_signs_in_the_scheme() {
    assert_eq!(parsed("unix-abstract:x").scheme(), "unix-abstract");
    assert_eq!(parsed("a1+b.c:x").scheme(), "a1+b.c");
}

#[test]
fn refuses_what_has_no_scheme() {
    for text in ["", ":", "/run/app.sock", ":x", "1a:x", "a b:x", "-a:x"] {
        let refusal = text.parse::<Address>().unwrap_err();
        assert_eq!(refusal.fault(), Fault::AddressMalformed);
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let begin = format!("address {text}: it has no scheme.");
        assert!(refusal.to_string().starts_with(&begin), "{refusal}");
    }
}

#[derive(Debug, PartialEq)]
struct Colour(&'static str);

#[derive(Debug, PartialEq)]
struct Size(u32);

#[test]
fn options_hold_one_value_of_each_type() {
    let options = Options::new().with(Colour("red")).with(Size(1)).with(Colour("blue"));
    assert_eq!(options.get::<Colour>(), Some(&Colour("blue")));
    assert_eq!(options.get::<Size>(), Some(&Size(1)));
    assert_eq!(options.get::<String>(), None);
}

#[test]
fn a_clone_of_options_is_not_changed_with_them() {
    let options = Options::new().with(Size(1));
    let more = options.clone().with(Size(2));
    assert_eq!(options.get::<Size>(), Some(&Size(1)));
    assert_eq!(more.get::<Size>(), Some(&Size(2)));
}
