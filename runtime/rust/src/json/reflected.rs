//! Messages between JSON and bytes by the descriptors of their files.

use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MethodDescriptor};
use samehost_transport_api::Code;

use super::Transcoder;
use crate::surface::Status;

/// To turn so much JSON into a message takes some hundred microseconds.
const QUICK_BYTES: usize = 16 << 10;

/// Knows the types of methods by sets of file descriptors, as `protoc` writes them.
pub struct Descriptors(DescriptorPool);

impl Descriptors {
    /// All that these sets have. A file may be in several of them.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where one is no set of file descriptors, or misses files that others import.
    pub fn of<'s>(sets: impl IntoIterator<Item = &'s [u8]>) -> Result<Descriptors, Status> {
        let mut pool = DescriptorPool::new();
        for set in sets {
            pool.decode_file_descriptor_set(set).map_err(|error| {
                Status::new(Code::InvalidArgument, format!("a set of file descriptors for JSON: {error}"))
            })?;
        }
        Ok(Descriptors(pool))
    }

    fn method(&self, path: &str) -> Option<MethodDescriptor> {
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        let service = self.0.get_service_by_name(service)?;
        service.methods().find(|known| known.name() == method)
    }

    fn known(&self, path: &str) -> Result<MethodDescriptor, Status> {
        self.method(path).ok_or_else(|| {
            let method = path.trim_start_matches('/');
            let text = format!(
                "{method} is in no set of file descriptors that the server has for JSON: ServerBuilder::json takes them"
            );
            Status::new(Code::Unimplemented, text)
        })
    }
}

impl Transcoder for Descriptors {
    fn is_unary(&self, path: &str) -> Option<bool> {
        self.method(path).map(|method| !method.is_client_streaming() && !method.is_server_streaming())
    }

    fn request(&self, path: &str, json: &[u8]) -> Result<Bytes, Status> {
        let kind = self.known(path)?.input();
        let name = kind.full_name().to_owned();
        // A newer client may say more than this server knows.
        let options = DeserializeOptions::new().deny_unknown_fields(false);
        let mut value = serde_json::Deserializer::from_slice(json);
        let message = DynamicMessage::deserialize_with_options(kind, &mut value, &options)
            .and_then(|message| value.end().map(|()| message))
            .map_err(|error| {
                Status::new(Code::InvalidArgument, format!("the body is no JSON of {name}: {error}"))
            })?;
        Ok(message.encode_to_vec().into())
    }

    fn response(&self, path: &str, message: &[u8]) -> Result<Bytes, Status> {
        let kind = self.known(path)?.output();
        let name = kind.full_name().to_owned();
        let json = DynamicMessage::decode(kind, message)
            .map_err(|error| error.to_string())
            .and_then(|message| serde_json::to_vec(&message).map_err(|error| error.to_string()));
        match json {
            Ok(json) => Ok(json.into()),
            Err(error) => {
                Err(Status::new(Code::Internal, format!("the response cannot be JSON of {name}: {error}")))
            }
        }
    }

    fn quick_bytes(&self) -> usize {
        QUICK_BYTES
    }
}
