//! Criterion on the wire codec and the ring, and what a call allocates: on the very files of the runtime and of the
//! transport, which keep them to themselves.

#![allow(missing_docs, clippy::print_stdout)] // a program, and this is its output

#[allow(dead_code)] // parts are all that is measured
#[path = "../../../runtime/rust/src/buffers.rs"]
mod buffers;
#[allow(dead_code, unused_imports)]
#[path = "../../../transports/shm/rust/src/cells.rs"]
mod cells;
#[allow(dead_code)]
#[path = "../../../transports/shm/rust/src/layout.rs"]
mod layout;
#[allow(dead_code)]
#[path = "../../../transports/shm/rust/src/region.rs"]
mod region;
#[allow(dead_code)]
#[path = "../../../transports/shm/rust/src/ring.rs"]
mod ring;
#[allow(dead_code, unused_imports)]
#[path = "../../../runtime/rust/src/wire/mod.rs"]
mod wire;

mod allocations;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};

use wire::{FrameReader, FrameWriter, MetadataBlock, OpenFields, StatusFields};

const SIZES: [usize; 2] = [64, 64 << 10];
const RING_BYTES: u32 = 1 << 20;
const LARGEST_FRAME: u32 = 1 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    codec(&mut criterion);
    ring(&mut criterion);
    criterion.final_summary();
    allocations::print();
}

/// The two frames of a unary call, from values to bytes and back.
fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    let none = MetadataBlock::default();
    for size in SIZES {
        let message = vec![1; size];
        group.throughput(Throughput::Bytes(size as u64));
        let (mut writer, mut reader) = ends();
        group.bench_function(BenchmarkId::new("open", size), |bencher| {
            let open = OpenFields {
                path: None,
                deadline_nanos: None,
                metadata: &none,
                message: Some(&message),
                compressed: false,
                end: true,
            };
            bencher.iter(|| {
                writer.open(1, 1, &open);
                across(&mut writer, &mut reader)
            });
        });
        group.bench_function(BenchmarkId::new("status", size), |bencher| {
            let status = StatusFields {
                code: 0,
                headers: Some(&none),
                text: "",
                trailers: &none,
                message: Some(&message),
                compressed: false,
            };
            bencher.iter(|| {
                writer.status(1, &status);
                across(&mut writer, &mut reader)
            });
        });
    }
    group.finish();
}

fn ends() -> (FrameWriter, FrameReader) {
    let mut reader = FrameReader::default();
    reader.allow(LARGEST_FRAME);
    (FrameWriter::default(), reader)
}

/// Reads what was written.
fn across(writer: &mut FrameWriter, reader: &mut FrameReader) {
    let mut bytes = writer.outbound();
    let count = bytes.len();
    let frame = reader.next(&mut bytes).expect("a frame that is allowed");
    black_box(frame.expect("a whole frame"));
    writer.sent(count);
}

/// Bytes into a ring and out again, by one thread: what the ring itself costs, without a peer.
fn ring(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ring");
    let (region, _memory) = region::Region::create(RING_BYTES).expect("shared memory");
    let side = layout::Side::Connector;
    let (writer, reader) = (ring::Writer::of(side), ring::Reader::of(side));
    for size in SIZES {
        let (from, mut to) = (vec![1; size], vec![0; size]);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("write and read", size), |bencher| {
            bencher.iter(|| {
                assert_eq!(writer.write(&region, &from), Ok(size));
                assert_eq!(reader.read(&region, &mut to), Ok(size));
            });
        });
    }
    group.finish();
}
