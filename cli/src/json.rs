//! Messages as JSON: the requests that a person gives, one value after the other, and the answers.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use serde_json::Deserializer;
use serde_json::de::IoRead;

use crate::descriptors::unknown;
use crate::failure::Failure;

/// Requests in JSON, read as they are asked for.
pub struct Requests {
    name: String,
    values: Option<Deserializer<IoRead<Box<dyn Read + Send>>>>,
    kind: MessageDescriptor,
    /// Where nothing was given there is one empty message.
    nothing_given: bool,
}

impl Requests {
    /// Of a word: JSON, `@FILE`, `-` for standard input, or nothing for one empty message.
    pub fn of(word: Option<&str>, kind: MessageDescriptor) -> Result<Requests, Failure> {
        let (name, source): (_, Option<Box<dyn Read + Send>>) = match word {
            None => (String::new(), None),
            Some("-") => ("standard input".to_owned(), Some(Box::new(BufReader::new(io::stdin())))),
            Some(word) => match word.strip_prefix('@') {
                Some(file) => {
                    let opened =
                        File::open(file).map_err(|error| Failure::here(format!("{file}: {error}")))?;
                    (file.to_owned(), Some(Box::new(BufReader::new(opened))))
                }
                None => ("the JSON".to_owned(), Some(Box::new(io::Cursor::new(word.to_owned())))),
            },
        };
        let values = source.map(Deserializer::from_reader);
        Ok(Requests { name, nothing_given: values.is_none(), values, kind })
    }

    /// The only one.
    pub fn only(mut self) -> Result<DynamicMessage, Failure> {
        let only = match self.next() {
            Some(only) => only?,
            None => return Err(self.not_one("no request")),
        };
        match self.next() {
            None => Ok(only),
            Some(Err(failure)) => Err(failure),
            Some(Ok(_)) => Err(self.not_one("more than one request")),
        }
    }

    fn not_one(&self, what: &str) -> Failure {
        Failure::here(format!("{}: {what}, and the method takes one", self.name))
    }

    fn failure(&self, error: &serde_json::Error) -> Failure {
        let text = format!("{}, as {}: {error}", self.name, self.kind.full_name());
        match unknown_field(&error.to_string()) {
            Some(field) => {
                let names = fields_of(&self.kind);
                let hint = unknown("field", field, names.iter().map(String::as_str));
                hint.after(&text)
            }
            None => Failure::here(text),
        }
    }
}

impl Iterator for Requests {
    type Item = Result<DynamicMessage, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(values) = &mut self.values else {
            return std::mem::take(&mut self.nothing_given)
                .then(|| Ok(DynamicMessage::new(self.kind.clone())));
        };
        // Only white space may be before the end; a value is seen by its first byte, which stays.
        match values.end() {
            Ok(()) => return None,
            Err(error) if error.is_io() => return Some(Err(self.failure(&error))),
            Err(_) => {}
        }
        let message = DynamicMessage::deserialize(self.kind.clone(), values);
        Some(message.map_err(|error| self.failure(&error)))
    }
}

/// The name of a field that an error of the JSON's reader says is unknown.
fn unknown_field(error: &str) -> Option<&str> {
    error.strip_prefix("unrecognized field name '")?.split('\'').next()
}

/// The names of all fields of a message and of the messages in it.
fn fields_of(kind: &MessageDescriptor) -> Vec<String> {
    let (mut seen, mut waiting) = (vec![kind.clone()], vec![kind.clone()]);
    let mut names = Vec::new();
    while let Some(kind) = waiting.pop() {
        for field in kind.fields() {
            names.push(field.json_name().to_owned());
            if let Kind::Message(inner) = field.kind()
                && !seen.contains(&inner)
            {
                seen.push(inner.clone());
                waiting.push(inner);
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Writes answers to standard output: one a line, and for people at a terminal over several.
pub struct Answers {
    for_people: bool,
    options: SerializeOptions,
}

impl Answers {
    /// With `defaults`, fields that have their default value are written as well.
    pub fn new(defaults: bool) -> Answers {
        let options = SerializeOptions::new().skip_default_fields(!defaults);
        Answers { for_people: io::stdout().is_terminal(), options }
    }

    /// Writes one, which whoever reads has at once.
    pub fn write(&self, message: &DynamicMessage) -> Result<(), Failure> {
        let text = text_of(message, self.for_people, &self.options)
            .map_err(|error| Failure::here(format!("the answer cannot be written as JSON: {error}")))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }
}

/// A message as JSON.
pub fn text_of(
    message: &DynamicMessage,
    for_people: bool,
    options: &SerializeOptions,
) -> serde_json::Result<String> {
    let mut text = Vec::new();
    match for_people {
        true => message.serialize_with_options(&mut serde_json::Serializer::pretty(&mut text), options)?,
        false => message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), options)?,
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
