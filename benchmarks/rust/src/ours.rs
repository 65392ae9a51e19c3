//! Calls by our generated clients: one at a time from threads, many at once from tasks.

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order};
use crate::proto::echo_client::EchoClient;
use crate::stubs::Stubs;
use crate::threads::Threads;

/// The client for threads, and that for tasks.
pub struct Ours {
    pub threads: Threads,
    pub tasks: Stubs<EchoClient<samehost::Channel>>,
}

impl Client for Ours {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary-8" | "unary-64" | "unary-64-threads" => self.tasks.run(order),
            _ => self.threads.run(order),
        }
    }
}
