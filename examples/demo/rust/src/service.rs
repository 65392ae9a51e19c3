//! The service, by the trait that tonic generates: one method for each of the contract's.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::proto::text_analysis_server::TextAnalysis;
use crate::proto::vocabulary_client::VocabularyClient;
use crate::proto::vocabulary_server::Vocabulary;
use crate::proto::{Counts, Knowledge, Text, Word};
use crate::tally::Tally;

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

pub struct TextAnalysisService;

#[tonic::async_trait]
impl TextAnalysis for TextAnalysisService {
    type WordsStream = Replies<Word>;
    type FollowStream = Replies<Counts>;

    async fn count(&self, request: Request<Text>) -> Result<Response<Counts>, Status> {
        let mut tally = Tally::default();
        tally.add(request.get_ref());
        match tally.counts() {
            Counts { words: 0, .. } => Err(Status::invalid_argument("there are no words to count")),
            counts => Ok(Response::new(counts)),
        }
    }

    async fn words(&self, request: Request<Text>) -> Result<Response<Replies<Word>>, Status> {
        let mut tally = Tally::default();
        tally.add(request.get_ref());
        Ok(Response::new(Box::pin(tokio_stream::iter(tally.words()).map(Ok))))
    }

    async fn summarise(&self, request: Request<Streaming<Text>>) -> Result<Response<Counts>, Status> {
        let mut pieces = request.into_inner();
        let mut tally = Tally::default();
        while let Some(piece) = pieces.message().await? {
            tally.add(&piece);
        }
        Ok(Response::new(tally.counts()))
    }

    async fn follow(&self, request: Request<Streaming<Text>>) -> Result<Response<Replies<Counts>>, Status> {
        let mut tally = Tally::default();
        let counts = request.into_inner().map(move |piece| {
            tally.add(&piece?);
            Ok(tally.counts())
        });
        Ok(Response::new(Box::pin(counts)))
    }

    /// Calls the caller back, over its connection.
    async fn count_unknown(&self, request: Request<Text>) -> Result<Response<Counts>, Status> {
        let caller = samehost::caller(&request).ok_or_else(|| Status::unimplemented("no way back"))?;
        let mut vocabulary = VocabularyClient::new(caller);
        let mut tally = Tally::default();
        tally.add(request.get_ref());
        let mut unknown = Counts::default();
        for word in tally.words() {
            let times = word.times;
            if !vocabulary.know(word).await?.get_ref().known {
                unknown.words += times;
                unknown.different_words += 1;
            }
        }
        Ok(Response::new(unknown))
    }
}

/// What the caller offers on its own connection.
pub struct KnownWords;

#[tonic::async_trait]
impl Vocabulary for KnownWords {
    async fn know(&self, request: Request<Word>) -> Result<Response<Knowledge>, Status> {
        let known = ["the", "quick", "brown", "fox"].contains(&request.get_ref().word.as_str());
        Ok(Response::new(Knowledge { known }))
    }
}
