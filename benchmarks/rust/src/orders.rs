//! Takes the driver's orders, and answers them.

use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::measured::Measured;

/// One order: which case, the size of its messages, and for how long.
pub struct Order {
    pub case: String,
    pub size: usize,
    pub time: Duration,
}

/// A client of any system.
pub trait Client {
    /// Makes calls as the case says, until the time is over.
    ///
    /// # Errors
    /// Where a call failed or answered wrongly, or where this system cannot do the case.
    fn run(&mut self, order: &Order) -> Result<Measured, Failure>;
}

/// Runs until there are no more orders.
pub fn take(mut client: Box<dyn Client>) -> Result<(), Failure> {
    say("READY")?;
    for line in io::stdin().lock().lines() {
        say(&client.run(&parse(&line?)?)?.json())?;
    }
    Ok(())
}

fn parse(line: &str) -> Result<Order, Failure> {
    let words: Vec<&str> = line.split(' ').collect();
    let [case, size, millis] = words[..] else {
        return Err(format!("an order is CASE SIZE MILLISECONDS, not {line}").into());
    };
    Ok(Order { case: case.to_owned(), size: size.parse()?, time: Duration::from_millis(millis.parse()?) })
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// The size of the first call of a connection.
const SMALL: usize = 64;

/// So many connections, each timed from its beginning to its first answer; they stay in `connected`.
pub fn connections<C>(
    order: &Order,
    connected: &mut Vec<C>,
    connect: impl Fn() -> Result<C, Failure>,
    mut call: impl FnMut(&mut C, usize) -> Result<(), Failure>,
) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    for _ in 0..order.size {
        let before = Instant::now();
        let mut one = connect()?;
        call(&mut one, SMALL)?;
        measured.record(before.elapsed());
        connected.push(one);
    }
    Ok(measured)
}

/// The refusal of a case.
pub fn cannot(order: &Order) -> Failure {
    format!("this system has no case {}", order.case).into()
}

/// Fails where an answer has the wrong size.
pub fn check(answered: usize, size: usize) -> Result<(), Failure> {
    if answered == size {
        Ok(())
    } else {
        Err(format!("an answer of {answered} bytes instead of {size}").into())
    }
}
