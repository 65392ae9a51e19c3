//! Compares [`Fault`] with the catalogue that all languages share.

use std::fmt::Display;
use std::path::Path;

use samehost_transport_api::{Code, Fault};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    fault: String,
    code: String,
    template: String,
    example: Vec<String>,
    text: String,
}

fn catalogue() -> Vec<Entry> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto/vectors/faults.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn entry_of(fault: Fault) -> Entry {
    let found = catalogue().into_iter().find(|entry| entry.fault == fault.name());
    found.unwrap_or_else(|| panic!("{fault:?} is not in the catalogue"))
}

/// `NOT_FOUND` for [`Code::NotFound`].
fn name_of(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[test]
fn has_the_faults_of_the_catalogue_in_its_order_and_no_others() {
    let known: Vec<_> = Fault::ALL.iter().map(|fault| fault.name().to_owned()).collect();
    let listed: Vec<_> = catalogue().into_iter().map(|entry| entry.fault).collect();
    assert_eq!(known, listed);
}

#[test]
fn names_each_variant_as_the_catalogue_does() {
    for fault in Fault::ALL {
        assert_eq!(format!("{fault:?}").to_lowercase(), fault.name().replace('_', ""));
    }
}

#[test]
fn has_the_codes_and_templates_of_the_catalogue() {
    for &fault in Fault::ALL {
        let entry = entry_of(fault);
        assert_eq!(name_of(fault.code()), entry.code, "the code of {fault:?}");
        assert_eq!(fault.template(), entry.template, "the template of {fault:?}");
    }
}

#[test]
fn fills_in_the_examples_of_the_catalogue() {
    for &fault in Fault::ALL {
        let entry = entry_of(fault);
        let values: Vec<&dyn Display> = entry.example.iter().map(|value| value as &dyn Display).collect();
        let error = fault.with(&values);
        assert_eq!(error.to_string(), entry.text);
        assert_eq!(error.fault(), fault);
        assert_eq!(error.code(), fault.code());
    }
}

#[test]
fn keeps_braces_in_values_as_they_are() {
    let text = Fault::ChannelShutdown.text(&[&"unix:/{a}/{b"]);
    assert!(text.starts_with("unix:/{a}/{b: the channel"), "{text}");
}

#[test]
#[should_panic(expected = "too few values for ChannelShutdown")]
fn refuses_too_few_values() {
    Fault::ChannelShutdown.text(&[]);
}

#[test]
#[should_panic(expected = "too many values for ChannelShutdown")]
fn refuses_too_many_values() {
    Fault::ChannelShutdown.text(&[&"a", &"b"]);
}

#[test]
fn codes_have_grpcs_numbers_and_unknown_numbers_are_unknown() {
    for (number, code) in Code::ALL.into_iter().enumerate() {
        assert_eq!(code as usize, number);
        assert_eq!(Code::from_number(number as u32), code);
    }
    assert_eq!(Code::from_number(17), Code::Unknown);
    assert_eq!(Code::from_number(u32::MAX), Code::Unknown);
}
