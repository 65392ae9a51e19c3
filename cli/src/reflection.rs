//! Asking a server what it serves: gRPC's server reflection, v1 and, where that is not there, v1alpha.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use prost::Message;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorProto;
use samehost::raw::{CallOptions, Channel, Patience};
use samehost::{Code, Status};

use self::wire::{Answer, Answered, Ask, Asked};
use crate::failure::Failure;

/// The versions, the newest first. Their messages are the same.
const VERSIONS: [&str; 2] = ["grpc.reflection.v1", "grpc.reflection.v1alpha"];

/// What tells of a contract where the server does not.
const WITHOUT: &str = "--proto FILE -I FOLDER or --descriptor-set FILE";

/// A server that is asked. Each question is a call of its own: a server may end a call that has asked for what is
/// not there.
pub struct Reflection {
    channel: Channel,
    timeout: Option<Duration>,
    version: Cell<usize>,
}

impl Reflection {
    /// Asks nothing yet. An answer may take for so long.
    pub fn of(channel: Channel, timeout: Option<Duration>) -> Reflection {
        Reflection { channel, timeout, version: Cell::new(0) }
    }

    /// The names of the services.
    pub fn services(&self) -> Result<Vec<String>, Failure> {
        match self.ask(Asked::ListServices(String::new()))? {
            Some(Answered::Services(list)) => {
                Ok(list.services.into_iter().map(|service| service.name).collect())
            }
            _ => Err(self.surprised("a list of services")),
        }
    }

    /// The files that define a symbol, and all that these import; nothing where the server has no such symbol.
    pub fn files_of(&self, symbol: &str) -> Result<Option<DescriptorPool>, Failure> {
        let mut files = BTreeMap::new();
        let Some(first) = self.files(Asked::FileContainingSymbol(symbol.to_owned()))? else {
            return Ok(None);
        };
        let mut wanted = VecDeque::new();
        let mut add = |file: FileDescriptorProto, wanted: &mut VecDeque<String>| {
            wanted.extend(file.dependency.iter().cloned());
            files.insert(file.name().to_owned(), file);
        };
        first.into_iter().for_each(|file| add(file, &mut wanted));
        let mut asked = Vec::new();
        while let Some(name) = wanted.pop_front() {
            if asked.contains(&name) {
                continue;
            }
            asked.push(name.clone());
            // Files of protobuf's own are known here too, and some servers keep them to themselves.
            let known = DescriptorPool::global().get_file_by_name(&name);
            match known.map(|file| vec![file.file_descriptor_proto().clone()]) {
                Some(own) => own.into_iter().for_each(|file| add(file, &mut wanted)),
                None => {
                    let found = self.files(Asked::FileByFilename(name.clone()))?.ok_or_else(|| {
                        Failure::here(format!(
                            "the server's reflection does not have the file {name}, which others import"
                        ))
                    })?;
                    found.into_iter().for_each(|file| add(file, &mut wanted));
                }
            }
        }
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files.into_values()).map_err(|error| {
            Failure::here(format!("the server's descriptors do not fit together: {error}"))
        })?;
        Ok(Some(pool))
    }

    fn files(&self, question: Asked) -> Result<Option<Vec<FileDescriptorProto>>, Failure> {
        let files = match self.ask(question)? {
            None => return Ok(None),
            Some(Answered::Files(files)) => files.files,
            Some(_) => return Err(self.surprised("files")),
        };
        files
            .iter()
            .map(|bytes| FileDescriptorProto::decode(&**bytes))
            .collect::<Result<_, _>>()
            .map(Some)
            .map_err(|error| Failure::here(format!("the server's descriptors cannot be decoded: {error}")))
    }

    /// What is answered; nothing where the server does not have what was asked for.
    fn ask(&self, question: Asked) -> Result<Option<Answered>, Failure> {
        let message = Ask { host: String::new(), asked: Some(question) }.encode_to_vec();
        loop {
            let path = format!("/{}.ServerReflection/ServerReflectionInfo", VERSIONS[self.version.get()]);
            let options = CallOptions { timeout: self.timeout, ..CallOptions::default() };
            let Ok(outcome) = self.channel.unary(&path, options, message.clone().into(), Patience::endless())
            else {
                unreachable!("nobody asks it to stop");
            };
            match (outcome.status.code(), outcome.message) {
                (Code::Ok, Some(answer)) => {
                    let answer = Answer::decode(answer).map_err(|error| {
                        Failure::here(format!("the server's reflection cannot be decoded: {error}"))
                    })?;
                    return match answer.answered {
                        Some(Answered::Error(error)) if error.code == Code::NotFound as i32 => Ok(None),
                        Some(Answered::Error(error)) => {
                            Err(Status::new(Code::from_number(error.code.cast_unsigned()), error.text).into())
                        }
                        answered => Ok(answered),
                    };
                }
                (Code::NotFound, _) => return Ok(None),
                (Code::Unimplemented, _) if self.version.get() + 1 < VERSIONS.len() => {
                    self.version.set(self.version.get() + 1);
                }
                (Code::Unimplemented, _) => return Err(self.not_offered()),
                // Or it would read as if the call that was asked for had failed.
                (Code::Unknown, _) => return Err(Failure::from(outcome.status).after(&self.failed())),
                _ => return Err(outcome.status.into()),
            }
        }
    }

    fn not_offered(&self) -> Failure {
        Failure::here(format!(
            "{}: the server offers no reflection ({}), so it cannot be asked what it serves. Name the contract, by \
             {WITHOUT}.",
            self.channel.address(),
            VERSIONS[0]
        ))
    }

    fn failed(&self) -> String {
        format!(
            "{}: the server's reflection failed, so it cannot be asked what it serves: its log says why. Or name the \
             contract, by {WITHOUT}.",
            self.channel.address()
        )
    }

    fn surprised(&self, wanted: &str) -> Failure {
        Failure::here(format!(
            "{}: the server's reflection was asked for {wanted}, and answered something else",
            self.channel.address()
        ))
    }
}

/// The messages of `grpc.reflection.v1`, as far as they are used.
mod wire {
    use prost::{Message, Oneof};

    #[derive(Clone, PartialEq, Message)]
    pub struct Ask {
        #[prost(string, tag = "1")]
        pub host: String,
        #[prost(oneof = "Asked", tags = "3, 4, 7")]
        pub asked: Option<Asked>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Asked {
        #[prost(string, tag = "3")]
        FileByFilename(String),
        #[prost(string, tag = "4")]
        FileContainingSymbol(String),
        #[prost(string, tag = "7")]
        ListServices(String),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Answer {
        #[prost(oneof = "Answered", tags = "4, 6, 7")]
        pub answered: Option<Answered>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Answered {
        #[prost(message, tag = "4")]
        Files(Files),
        #[prost(message, tag = "6")]
        Services(Services),
        #[prost(message, tag = "7")]
        Error(Error),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Files {
        #[prost(bytes = "vec", repeated, tag = "1")]
        pub files: Vec<Vec<u8>>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Services {
        #[prost(message, repeated, tag = "1")]
        pub services: Vec<Service>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Service {
        #[prost(string, tag = "1")]
        pub name: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Error {
        #[prost(int32, tag = "1")]
        pub code: i32,
        #[prost(string, tag = "2")]
        pub text: String,
    }
}
