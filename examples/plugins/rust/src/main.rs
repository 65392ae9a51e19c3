//! A plugin that makes an index: where each word of the workspace occurs. Its host starts it.

#![allow(clippy::print_stderr)] // a plugin's standard error goes to its host

mod index;

/// What is generated from the contract.
mod proto {
    tonic::include_proto!("samehost.examples.plugins");
}

use std::time::Duration;

use samehost::Channel;
use tonic::{Request, Response, Status};

use crate::index::Index;
use crate::proto::plugin_server::{Plugin, PluginServer};
use crate::proto::workspace_client::WorkspaceClient;
use crate::proto::{
    DescribeReply, DescribeRequest, ListRequest, ReadRequest, ReportRequest, TransformReply,
    TransformRequest, Transformation,
};

const INDEX: &str = "index";

/// How long the host may take for an answer of its own.
const PATIENCE: Duration = Duration::from_secs(5);

struct IndexPlugin;

#[tonic::async_trait]
impl Plugin for IndexPlugin {
    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeReply>, Status> {
        let summary = "where the words of a document occur in all of them".into();
        let transformations = vec![Transformation { name: INDEX.into(), summary }];
        Ok(Response::new(DescribeReply { transformations }))
    }

    /// Errors of the host's pass through: it is told what it said itself.
    async fn transform(
        &self,
        request: Request<TransformRequest>,
    ) -> Result<Response<TransformReply>, Status> {
        let host = samehost::caller(&request)
            .ok_or_else(|| Status::failed_precondition("this plugin asks its host for documents"))?;
        let asked = request.into_inner();
        if asked.transformation != INDEX {
            return Err(Status::not_found(format!("no transformation {}", asked.transformation)));
        }
        let text = index(WorkspaceClient::new(host), &asked).await?;
        Ok(Response::new(TransformReply { text }))
    }
}

/// Asks the host for all of its documents. Should the host give up waiting, this future is dropped, and so is the call back
/// that it waits for.
async fn index(mut host: WorkspaceClient<Channel>, asked: &TransformRequest) -> Result<String, Status> {
    let words = Index::words(&read(&mut host, &asked.path).await?);
    let paths = host.list(patient(ListRequest {})).await?.into_inner().paths;
    let mut index = Index::of(words);
    for (done, path) in (1..).zip(&paths) {
        match read(&mut host, path).await {
            Ok(text) => index.add(path, &text),
            // An index without the one that is too large is better than none.
            Err(status) => eprintln!("{path} is left out: {}", status.message()),
        }
        let report = ReportRequest { job: asked.job.clone(), done, total: paths.len() as u32 };
        host.report(patient(report)).await?;
    }
    Ok(index.to_string())
}

async fn read(host: &mut WorkspaceClient<Channel>, path: &str) -> Result<String, Status> {
    Ok(host.read(patient(ReadRequest { path: path.to_owned() })).await?.into_inner().text)
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

#[tokio::main]
async fn main() -> Result<(), samehost::Status> {
    samehost::Server::builder().add_service(PluginServer::new(IndexPlugin)).serve("stdio:").await
}
