//! Replays the vectors of the layout, of positions and of a peer's lies.

use std::path::Path;
use std::sync::atomic::Ordering;

use serde::Deserialize;

use crate::cells::Cells;
use crate::layout::{CLOSED, PLUGGED, Side, WAIT_DATA, WAIT_SPACE, region_bytes, ring_size_for};
use crate::region::Region;
use crate::ring::{Lie, Reader, Writer};

#[derive(Deserialize)]
struct Vectors {
    sizes: Vec<Size>,
    layout: Layout,
    streams: Vec<Stream>,
    lies: Vec<Lied>,
}

#[derive(Deserialize)]
struct Size {
    wanted: u32,
    most: u32,
    given: u32,
}

#[derive(Deserialize)]
struct Layout {
    ring_bytes: u32,
    bytes: usize,
    begin: String,
    connector: Places,
    acceptor: Places,
    bits: Bits,
}

#[derive(Deserialize)]
struct Places {
    tail_at: usize,
    head_at: usize,
    word_at: usize,
    ring_at: usize,
}

#[derive(Deserialize)]
struct Bits {
    wait_data: u32,
    wait_space: u32,
    plugged: u32,
    closed: u32,
}

#[derive(Deserialize)]
struct Stream {
    shows: String,
    position: u64,
    bytes: String,
    position_after: u64,
    ring: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    at: usize,
    hex: String,
}

#[derive(Deserialize)]
struct Lied {
    what: String,
    end: String,
    own: u64,
    seen: u64,
    claimed: i64,
}

fn vectors() -> Vectors {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto/vectors/shm.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn a_wish_for_a_size_gives_the_size_that_the_vectors_say() {
    for Size { wanted, most, given } in vectors().sizes {
        assert_eq!(ring_size_for(wanted, most), given, "{wanted} of {most}");
    }
}

#[test]
fn the_memory_is_laid_out_as_the_vectors_say() {
    let layout = vectors().layout;
    assert_eq!(region_bytes(layout.ring_bytes), layout.bytes);
    for (side, places) in [(Side::Connector, layout.connector), (Side::Acceptor, layout.acceptor)] {
        assert_eq!(side.tail_at(), places.tail_at);
        assert_eq!(side.head_at(), places.head_at);
        assert_eq!(side.word_at(), places.word_at);
        assert_eq!(side.ring_at(layout.ring_bytes), places.ring_at);
    }
    let bits = layout.bits;
    assert_eq!(
        [WAIT_DATA, WAIT_SPACE, PLUGGED, CLOSED],
        [bits.wait_data, bits.wait_space, bits.plugged, bits.closed]
    );
    let (_region, memory) = Region::create(layout.ring_bytes).unwrap();
    let mut begin = vec![0; layout.begin.len() / 2];
    rustix::io::pread(&memory, &mut begin, 0).unwrap();
    assert_eq!(begin, bytes(&layout.begin));
}

#[test]
fn bytes_are_written_and_read_where_the_vectors_say() {
    for Stream { shows, position, bytes: written, position_after, ring } in vectors().streams {
        for side in [Side::Connector, Side::Acceptor] {
            let (region, memory) = Region::create(vectors().layout.ring_bytes).unwrap();
            region.set_tail(side, position, Ordering::Relaxed);
            region.set_head(side, position, Ordering::Relaxed);
            let written = bytes(&written);
            let writer = Writer::at(side, position, position);
            assert_eq!(writer.write(&region, &written), Ok(written.len()), "{shows}");
            assert_eq!(region.tail(side, Ordering::Relaxed), position_after, "{shows}");
            for Piece { at, hex } in &ring {
                let mut found = vec![0; hex.len() / 2];
                let place = side.ring_at(region.ring_bytes()) + at;
                rustix::io::pread(&memory, &mut found, place as u64).unwrap();
                assert_eq!(found, bytes(hex), "{shows}");
            }
            let reader = Reader::at(side, position, position);
            let mut read = vec![0; written.len() + 1];
            assert_eq!(reader.read(&region, &mut read), Ok(written.len()), "{shows}");
            assert_eq!(read[..written.len()], written, "{shows}");
            assert_eq!(region.head(side, Ordering::Relaxed), position_after, "{shows}");
        }
    }
}

#[test]
fn every_lie_of_the_vectors_is_found() {
    let side = Side::Connector;
    for Lied { what, end, own, seen, claimed } in vectors().lies {
        let (region, _memory) = Region::create(vectors().layout.ring_bytes).unwrap();
        let found = if end == "reader" {
            region.set_tail(side, claimed as u64, Ordering::Relaxed);
            Reader::at(side, own, seen).there(&region)
        } else {
            region.set_head(side, claimed as u64, Ordering::Relaxed);
            Writer::at(side, own, seen).room(&region)
        };
        assert_eq!(found, Err(Lie), "{what}");
    }
}
