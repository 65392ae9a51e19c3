//! Makes calls of every kind, and fails when an answer is wrong.

use std::error::Error;
use std::time::{Duration, Instant};

use samehost::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};

use crate::proto::text_analysis_client::TextAnalysisClient;
use crate::proto::vocabulary_server::VocabularyServer;
use crate::proto::{Counts, Text};
use crate::service::KnownWords;

type Client = TextAnalysisClient<Channel>;

const FOX: &str = "The quick brown fox jumps over the lazy dog.";
const PIECES: [&str; 3] = ["The quick brown fox", "jumps over", "the lazy dog."];

/// Whatever the address is, the calls are the same.
pub async fn call(address: &str) -> Result<(), Box<dyn Error>> {
    println!("\nRust calls {address}");
    let channel = Channel::builder(address).add_service(VocabularyServer::new(KnownWords)).build()?;
    let client = Client::new(channel);
    step("Count, connecting first", "9 words, 8 different", unary(client.clone())).await?;
    step("Count again", "9 words, 8 different", unary(client.clone())).await?;
    step("Words, a stream of replies", "the 2, brown 1, dog 1", server_streaming(client.clone())).await?;
    step("Summarise, a stream of requests", "9 words, 8 different", client_streaming(client.clone())).await?;
    step("Follow, both stream", "4, 6, 9 words", both_streaming(client.clone())).await?;
    step("CountUnknown, which asks back", "4 words, 4 different", called_back(client.clone())).await?;
    let refused = "INVALID_ARGUMENT: there are no words to count";
    step("Count, an error on purpose", refused, error(client.clone())).await?;
    step("Follow, a deadline on purpose", "DEADLINE_EXCEEDED", deadline(client)).await?;
    Ok(())
}

/// Makes one call, prints what came back and how long it took, and fails unless that is right.
async fn step(
    what: &str,
    right: &str,
    call: impl Future<Output = Result<String, Status>>,
) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    let answer = call.await?;
    println!("  {what:<34} {answer:<48} {:>8.2} ms", begin.elapsed().as_secs_f64() * 1e3);
    if answer == right { Ok(()) } else { Err(format!("{what}: the answer should be {right}").into()) }
}

async fn unary(mut client: Client) -> Result<String, Status> {
    Ok(show(client.count(text(FOX)).await?.get_ref()))
}

/// The caller reads as it likes; what it leaves unread ends with the stream.
async fn server_streaming(mut client: Client) -> Result<String, Status> {
    let mut replies = client.words(text(FOX)).await?.into_inner();
    let mut words = Vec::new();
    while words.len() < 3 {
        let Some(word) = replies.message().await? else { break };
        words.push(format!("{} {}", word.word, word.times));
    }
    Ok(words.join(", "))
}

async fn client_streaming(mut client: Client) -> Result<String, Status> {
    let counts = client.summarise(tokio_stream::iter(PIECES.map(text))).await?;
    Ok(show(counts.get_ref()))
}

/// Each piece is sent when the one before has been answered.
async fn both_streaming(mut client: Client) -> Result<String, Status> {
    let (pieces, requests) = mpsc::channel(1);
    let mut unsent = PIECES.iter();
    let mut so_far = Vec::new();
    send(&pieces, unsent.next()).await;
    let mut replies = client.follow(ReceiverStream::new(requests)).await?.into_inner();
    while so_far.len() < PIECES.len() {
        let Some(counts) = replies.message().await? else { break };
        so_far.push(counts.words.to_string());
        send(&pieces, unsent.next()).await;
    }
    Ok(so_far.join(", ") + " words")
}

async fn send(pieces: &mpsc::Sender<Text>, piece: Option<&&str>) {
    if let Some(piece) = piece {
        // A call that is over takes no more; its status tells why.
        let _ = pieces.send(text(piece)).await;
    }
}

/// Meanwhile this side answers what the service asks of its vocabulary.
async fn called_back(mut client: Client) -> Result<String, Status> {
    Ok(show(client.count_unknown(text(FOX)).await?.get_ref()))
}

async fn error(mut client: Client) -> Result<String, Status> {
    match client.count(text("...")).await {
        Ok(counts) => Ok(show(counts.get_ref())),
        Err(status) => Ok(format!("{}: {}", name(&status), status.message())),
    }
}

/// The server waits for a piece, which never comes.
async fn deadline(mut client: Client) -> Result<String, Status> {
    let (_pieces, requests) = mpsc::channel(1);
    let mut hasty = Request::new(ReceiverStream::new(requests));
    hasty.set_timeout(Duration::from_millis(200));
    let first = async { client.follow(hasty).await?.into_inner().message().await };
    Ok(match first.await {
        Ok(reply) => format!("{reply:?}"),
        Err(status) => name(&status),
    })
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

fn show(counts: &Counts) -> String {
    format!("{} words, {} different", counts.words, counts.different_words)
}

/// The code as every language of gRPC writes it.
fn name(status: &Status) -> String {
    let mut name = String::new();
    for c in format!("{:?}", status.code()).chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}
