//! Descriptors as the text of a `.proto`, with the comments where the descriptors have kept them.

use std::fmt::Write;

use prost_reflect::prost_types::source_code_info::Location;
use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor, Syntax,
};

/// A part of a `.proto`, and where it stands.
pub struct Part {
    /// The package and the file, as a `.proto` begins.
    pub heading: String,
    /// Everything of the symbol.
    pub text: String,
}

/// A service with its methods.
pub fn of_service(service: &ServiceDescriptor) -> Part {
    let mut text = Text::of(service.parent_file());
    text.comment(service.path());
    text.open(&format!("service {}", service.name()));
    for method in service.methods() {
        text.method(&method);
    }
    text.close();
    text.part()
}

/// A method.
pub fn of_method(method: &MethodDescriptor) -> Part {
    let mut text = Text::of(method.parent_file());
    text.method(method);
    text.part()
}

/// A message with all that is in it.
pub fn of_message(message: &MessageDescriptor) -> Part {
    let mut text = Text::of(message.parent_file());
    text.message(message);
    text.part()
}

/// An enum with its values.
pub fn of_enum(kind: &EnumDescriptor) -> Part {
    let mut text = Text::of(kind.parent_file());
    text.kind(kind);
    text.part()
}

struct Text {
    file: FileDescriptor,
    text: String,
    /// The full names of the messages that are open.
    scopes: Vec<String>,
    depth: usize,
}

impl Text {
    fn of(file: FileDescriptor) -> Text {
        Text { file, text: String::new(), scopes: Vec::new(), depth: 0 }
    }

    fn part(self) -> Part {
        let heading = match self.file.package_name() {
            "" => format!("// {}", self.file.name()),
            package => format!("// {}\npackage {package};", self.file.name()),
        };
        Part { heading, text: self.text }
    }

    fn line(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{:1$}{line}", "", self.depth * 2);
    }

    fn open(&mut self, what: &str) {
        self.line(&format!("{what} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// The comment before what stands at this path of the file.
    fn comment(&mut self, path: &[i32]) {
        let file = self.file.clone();
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let mut locations = info.into_iter().flat_map(|info| &info.location);
        let comment = locations.find(|location: &&Location| location.path == path);
        for line in comment.map(|location| location.leading_comments().lines()).into_iter().flatten() {
            self.line(format!("//{line}").trim_end());
        }
    }

    fn method(&mut self, method: &MethodDescriptor) {
        self.comment(method.path());
        let stream = |streams| if streams { "stream " } else { "" };
        let line = format!(
            "rpc {}({}{}) returns ({}{});",
            method.name(),
            stream(method.is_client_streaming()),
            self.near_name(method.input().full_name()),
            stream(method.is_server_streaming()),
            self.near_name(method.output().full_name()),
        );
        self.line(&with_deprecation(
            &line,
            method.method_descriptor_proto().options.as_ref().map(|o| o.deprecated()),
        ));
    }

    fn message(&mut self, message: &MessageDescriptor) {
        self.comment(message.path());
        self.open(&format!("message {}", message.name()));
        self.scopes.push(message.full_name().to_owned());
        for kind in message.child_enums() {
            self.kind(&kind);
        }
        for child in message.child_messages().filter(|child| !child.is_map_entry()) {
            self.message(&child);
        }
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|field| {
            message.descriptor_proto().field.iter().position(|f| f.name() == field.name())
        });
        let mut begun = Vec::new();
        for field in fields {
            match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                None => self.field(&field),
                Some(oneof) if begun.contains(&oneof) => {}
                Some(oneof) => {
                    self.comment(oneof.path());
                    self.open(&format!("oneof {}", oneof.name()));
                    oneof.fields().for_each(|field| self.field(&field));
                    self.close();
                    begun.push(oneof);
                }
            }
        }
        let reserved: Vec<_> = message
            .reserved_ranges()
            .map(|range| range_text(range.start, range.end - 1))
            .chain(message.reserved_names().map(|name| format!("\"{name}\"")))
            .collect();
        self.reserved(&reserved);
        self.scopes.pop();
        self.close();
    }

    fn kind(&mut self, kind: &EnumDescriptor) {
        self.comment(kind.path());
        self.open(&format!("enum {}", kind.name()));
        // In the file's order, which the values by number have not.
        for (place, value) in kind.enum_descriptor_proto().value.iter().enumerate() {
            let mut path = kind.path().to_vec();
            path.extend([2, i32::try_from(place).unwrap_or(i32::MAX)]);
            self.comment(&path);
            let line = format!("{} = {};", value.name(), value.number());
            self.line(&with_deprecation(&line, value.options.as_ref().map(|options| options.deprecated())));
        }
        let reserved: Vec<_> = kind
            .reserved_ranges()
            .map(|range| range_text(*range.start(), *range.end()))
            .chain(kind.reserved_names().map(|name| format!("\"{name}\"")))
            .collect();
        self.reserved(&reserved);
        self.close();
    }

    /// Numbers and names, which cannot stand in one statement.
    fn reserved(&mut self, reserved: &[String]) {
        let (names, numbers): (Vec<_>, Vec<_>) =
            reserved.iter().cloned().partition(|what| what.starts_with('"'));
        for what in [numbers, names].iter().filter(|what| !what.is_empty()) {
            self.line(&format!("reserved {};", what.join(", ")));
        }
    }

    fn field(&mut self, field: &FieldDescriptor) {
        self.comment(field.path());
        let kind = match (field.is_map(), field.kind()) {
            (true, Kind::Message(entry)) => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                format!("map<{}, {}>", self.kind_name(&key.kind()), self.kind_name(&value.kind()))
            }
            (_, kind) => self.kind_name(&kind),
        };
        let own = field.field_descriptor_proto();
        let label = match field.cardinality() {
            Cardinality::Repeated if field.is_map() => "",
            Cardinality::Repeated => "repeated ",
            Cardinality::Required => "required ",
            Cardinality::Optional if own.proto3_optional() => "optional ",
            Cardinality::Optional if self.file.syntax() == Syntax::Proto2 && own.oneof_index.is_none() => {
                "optional "
            }
            Cardinality::Optional => "",
        };
        let line = format!("{label}{kind} {} = {};", field.name(), field.number());
        self.line(&with_deprecation(&line, own.options.as_ref().map(|options| options.deprecated())));
    }

    fn kind_name(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(message) => self.near_name(message.full_name()),
            Kind::Enum(kind) => self.near_name(kind.full_name()),
            scalar => format!("{scalar:?}").to_lowercase(),
        }
    }

    /// A name as it is written here: what is around it is left out.
    fn near_name(&self, full: &str) -> String {
        let package = self.file.package_name();
        let mut around = self.scopes.iter().rev().map(String::as_str).chain([package]);
        let near = around.find_map(|scope| full.strip_prefix(scope)?.strip_prefix('.'));
        near.unwrap_or(full).to_owned()
    }
}

fn with_deprecation(line: &str, deprecated: Option<bool>) -> String {
    match deprecated {
        Some(true) if line.starts_with("rpc ") => line.replace(';', " { option deprecated = true; }"),
        Some(true) => line.replace(';', " [deprecated = true];"),
        _ => line.to_owned(),
    }
}

fn range_text<T: PartialEq + std::fmt::Display>(first: T, last: T) -> String {
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}
