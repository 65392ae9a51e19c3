//! Taking a rendezvous, and giving it up.

mod common;

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime};

use common::{LONG, Place};
use samehost_transport_api::{Fault, Listener};
use samehost_transport_posix::make_fifo;
use samehost_transport_testkit::RecordingAcceptor;

fn started(place: &Place) -> Result<Box<dyn Listener>, samehost_transport_api::LinkError> {
    let listener = place.listener(LONG);
    listener.start(RecordingAcceptor::new(b"first")).map(|()| listener)
}

#[test]
fn the_rendezvous_is_the_users_own_and_goes_with_its_listener() {
    let place = Place::new();
    let listener = started(&place).unwrap();
    let metadata = std::fs::symlink_metadata(place.path()).unwrap();
    assert!(metadata.file_type().is_fifo());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(listener.address(), place.address().to_string());
    listener.close();
    listener.close();
    assert!(place.names().is_empty());
}

#[test]
fn a_stale_rendezvous_is_taken_over_whatever_its_mode() {
    let place = Place::new();
    make_fifo(&place.path(), 0o600).unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o666)).unwrap();
    let inode = place.inode();
    let _listener = started(&place).unwrap();
    assert_eq!(place.inode(), inode);
    assert_eq!(std::fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
    place.connector().connect(LONG).unwrap();
}

#[test]
fn a_live_rendezvous_is_refused_and_goes_on_living() {
    let place = Place::new();
    let first = started(&place).unwrap();
    let inode = place.inode();
    assert_eq!(started(&place).err().unwrap(), Fault::ListenInUse.with(&[&place.address()]));
    assert_eq!(first.start(RecordingAcceptor::new(b"")).unwrap_err().fault(), Fault::ListenInUse);
    assert_eq!(place.inode(), inode);
    place.connector().connect(LONG).unwrap();
}

#[test]
fn what_is_no_fifo_is_refused_and_left_alone() {
    let place = Place::new();
    std::fs::write(place.path(), "precious").unwrap();
    let expected = Fault::ListenNotAFifo.with(&[&place.address(), &place.path().display()]);
    assert_eq!(started(&place).err().unwrap(), expected);
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), "precious");
    std::fs::remove_file(place.path()).unwrap();
    std::os::unix::fs::symlink("elsewhere", place.path()).unwrap();
    assert_eq!(started(&place).err().unwrap(), expected);
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn a_missing_folder_is_named() {
    let place = Place::new();
    let folder = place.folder().display().to_string();
    std::fs::remove_dir(place.folder()).unwrap();
    let expected = Fault::ListenNoFolder.with(&[&place.address(), &folder]);
    assert_eq!(started(&place).err().unwrap(), expected);
}

#[test]
fn closing_removes_no_fifo_but_its_own() {
    let place = Place::new();
    let listener = started(&place).unwrap();
    std::fs::remove_file(place.path()).unwrap();
    make_fifo(&place.path(), 0o600).unwrap();
    drop(listener);
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn one_of_many_who_start_at_once_wins() {
    let place = Place::new();
    make_fifo(&place.path(), 0o600).unwrap();
    for _ in 0..20 {
        let together = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let one = || {
                together.wait();
                started(&place)
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        place.connector().connect(LONG).unwrap();
        let (started, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(started.len(), 1);
        assert!(refused.into_iter().all(|one| one.err().unwrap().fault() == Fault::ListenInUse));
        drop(started);
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn a_client_that_waits_is_served_by_the_next_server() {
    let place = Place::new();
    let dead = started(&place).unwrap();
    dead.close();
    make_fifo(&place.path(), 0o600).unwrap();
    // Its writing end keeps what it has written, though nobody reads it yet.
    let held = File::options().read(true).write(true).open(place.path()).unwrap();
    let connector = place.connector();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(LONG));
        while place.names().len() < 3 {
            thread::sleep(Duration::from_millis(1));
        }
        let _listener = started(&place).unwrap();
        drop(held);
        connecting.join().unwrap().unwrap();
    });
}

#[test]
fn old_names_that_nobody_needs_are_removed_at_the_start_and_all_others_are_left() {
    let place = Place::new();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let age = |name: &str| {
        // Both directions, so that opening it waits for nobody.
        let file = File::options().read(true).write(true).open(place.folder().join(name)).unwrap();
        file.set_modified(hour_ago).unwrap();
    };
    let (stale, waiting, fresh) = (place.pair(1), place.pair(2), place.pair(3));
    let _reader = waiting.open_down();
    for name in [&stale.up, &stale.down, &waiting.up, &waiting.down] {
        age(name);
    }
    for other in [".calls.1.up", ".other.0000000000000001.up", "calls.0000000000000001.up"] {
        make_fifo(&place.folder().join(other), 0o600).unwrap();
        age(other);
    }
    std::fs::write(place.folder().join(".calls.0000000000000004.up"), "no FIFO").unwrap();
    age(".calls.0000000000000004.up");
    let before = place.names();
    let _listener = started(&place).unwrap();
    let mut expected: Vec<_> =
        before.into_iter().filter(|name| *name != stale.up && *name != stale.down).collect();
    expected.push("calls".to_owned());
    expected.sort();
    assert_eq!(place.names(), expected);
    assert!(place.names().contains(&fresh.up));
}

#[test]
fn a_rendezvous_is_free_again_as_soon_as_its_listener_is_closed() {
    let place = Place::new();
    for _ in 0..50 {
        started(&place).unwrap().close();
        assert_eq!(place.connector().connect(LONG).err().unwrap().fault(), Fault::ConnectNoSuchFifo);
    }
}
