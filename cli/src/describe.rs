//! `samehost describe`: what a symbol stands for, as in a `.proto`.

use prost_reflect::{DescriptorPool, MethodDescriptor};

use crate::descriptors::{Descriptors, unknown};
use crate::failure::Failure;
use crate::list::{descriptors, way};
use crate::output::print;
use crate::proto_text::{self, Part};
use crate::words::Describe;

/// Writes it; all services where no symbol is given.
pub fn run(words: Describe) -> Result<(), Failure> {
    let way = way(&words.place)?;
    let descriptors = descriptors(way.as_ref(), &words.contract)?;
    let parts = match words.place.symbol() {
        Some(symbol) => described(&descriptors, symbol.trim_start_matches(['.', '/']))?,
        None => {
            let services = descriptors.services()?;
            let services = services.iter().map(|name| descriptors.service(name));
            services.map(|service| Ok(proto_text::of_service(&service?))).collect::<Result<_, Failure>>()?
        }
    };
    let mut texts: Vec<&str> = Vec::new();
    let mut heading = "";
    for part in &parts {
        if part.heading != heading {
            heading = &part.heading;
            texts.push(heading);
        }
        texts.push(part.text.trim_end());
    }
    print(&texts.join("\n\n"))?;
    Ok(())
}

fn described(descriptors: &Descriptors, symbol: &str) -> Result<Vec<Part>, Failure> {
    let dotted = symbol.replace('/', ".");
    if let Some(found) = descriptors.having(&dotted)?.and_then(|pool| of_pool(&pool, &dotted)) {
        return Ok(found);
    }
    // Without its package, perhaps.
    match symbol.contains('/') {
        true => Ok(of_method(&descriptors.method(symbol)?)),
        false => match descriptors.service(symbol) {
            Ok(service) => Ok(vec![proto_text::of_service(&service)]),
            Err(failure) => Err(not_there(descriptors, symbol)?.unwrap_or(failure)),
        },
    }
}

/// What has this full name.
fn of_pool(pool: &DescriptorPool, symbol: &str) -> Option<Vec<Part>> {
    let service = pool.get_service_by_name(symbol).map(|service| proto_text::of_service(&service));
    let message = || pool.get_message_by_name(symbol).map(|message| proto_text::of_message(&message));
    let kind = || pool.get_enum_by_name(symbol).map(|kind| proto_text::of_enum(&kind));
    if let Some(part) = service.or_else(message).or_else(kind) {
        return Some(vec![part]);
    }
    let (service, method) = symbol.rsplit_once('.')?;
    let service = pool.get_service_by_name(service)?;
    service.methods().find(|known| known.name() == method).map(|method| of_method(&method))
}

/// A method, and the messages that it takes and answers.
fn of_method(method: &MethodDescriptor) -> Vec<Part> {
    let mut parts = vec![proto_text::of_method(method), proto_text::of_message(&method.input())];
    if method.output() != method.input() {
        parts.push(proto_text::of_message(&method.output()));
    }
    parts
}

/// Nothing has this name; what is served, and what that is made of, may have one that is alike.
fn not_there(descriptors: &Descriptors, symbol: &str) -> Result<Option<Failure>, Failure> {
    let mut known = Vec::new();
    for service in descriptors.services()? {
        if let Some(pool) = descriptors.having(&service)? {
            known.extend(pool.services().map(|service| service.full_name().to_owned()));
            known.extend(pool.all_messages().map(|message| message.full_name().to_owned()));
            known.extend(pool.all_enums().map(|kind| kind.full_name().to_owned()));
        }
    }
    known.sort();
    known.dedup();
    Ok((!known.is_empty()).then(|| unknown("symbol", symbol, known.iter().map(String::as_str))))
}
