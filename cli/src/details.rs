//! The details of an error, as `google.rpc.Status` carries them.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::prost_types::Any;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use samehost::Status;

use crate::json::text_of;

/// The messages of `google/rpc/error_details.proto`.
static WELL_KNOWN: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // Of a part of the program, and a test reads it.
    parsed().expect("the file of well-known details is good")
});

fn parsed() -> Result<DescriptorPool, Box<dyn std::error::Error>> {
    let name = "google/rpc/error_details.proto";
    let file = protox::file::File::from_source(name, include_str!("error_details.proto"))?;
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(file.into())?;
    Ok(pool)
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Detailed {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// A line for each detail. Of what kind it is, is looked for among the contract's messages and the well-known ones.
pub fn lines(status: &Status, contract: &DescriptorPool) -> Vec<String> {
    if status.details().is_empty() {
        return Vec::new();
    }
    match Detailed::decode(status.details()) {
        Ok(detailed) => detailed.details.iter().map(|detail| line(detail, contract)).collect(),
        Err(error) => vec![format!("details that are no google.rpc.Status: {error}")],
    }
}

fn line(detail: &Any, contract: &DescriptorPool) -> String {
    let name = detail.type_url.rsplit('/').next().unwrap_or_default();
    let kind = [contract, &WELL_KNOWN].into_iter().find_map(|pool| pool.get_message_by_name(name));
    let Some(kind) = kind else { return format!("{name}: {} bytes of an unknown kind", detail.value.len()) };
    let text =
        DynamicMessage::decode(kind, &*detail.value).map_err(|error| error.to_string()).and_then(|message| {
            text_of(&message, false, &SerializeOptions::new()).map_err(|error| error.to_string())
        });
    match text {
        Ok(text) => format!("{name} {text}"),
        Err(error) => format!("{name}: cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samehost::{Code, Metadata};

    #[test]
    fn well_known_details_are_json_and_others_are_named() {
        // ErrorInfo with a reason, and a message that nobody knows.
        let known = Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
            value: b"\x0A\x02no".to_vec(),
        };
        let other = Any { type_url: "type.googleapis.com/my.Own".into(), value: vec![8, 1] };
        let mut trailers = Metadata::new();
        let details = Detailed { details: vec![known, other] }.encode_to_vec();
        trailers.push("grpc-status-details-bin", details).unwrap();
        let status = Status::new(Code::NotFound, "").with_metadata(trailers);
        let told = lines(&status, &DescriptorPool::new());
        assert_eq!(told, ["google.rpc.ErrorInfo {\"reason\":\"no\"}", "my.Own: 2 bytes of an unknown kind"]);
    }
}
