//! Clients that lie, say nothing, or die at each step.

mod common;

use std::io::Write;
use std::time::Duration;

use common::{LONG, Place, next_of};
use samehost_transport_api::Fault;
use samehost_transport_posix::make_fifo;
use samehost_transport_testkit::{RecordingAcceptor, read_all, read_to_end};

/// Connects, and so shows that the server harms nobody for what others did.
fn served(place: &Place, acceptor: &RecordingAcceptor) {
    let near = place.connector().connect(LONG).unwrap();
    assert_eq!(near.write(b"first"), Ok(5));
    let far = acceptor.next_link();
    read_all(&*far, &mut [0; 5]).unwrap();
}

#[test]
fn the_steps_of_a_client_can_be_gone_by_hand() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let client = place.pair(1);
    let down = client.open_down();
    client.hand_in();
    assert_eq!(next_of(&down), [0x06]);
    let mut up = client.open_up();
    up.write_all(b"first and more").unwrap();
    let link = acceptor.next_link();
    // The client has not removed its names: the server has.
    place.await_names(&["calls"]);
    drop(up);
    assert_eq!(read_to_end(&*link).unwrap(), b"first and more");
    assert_eq!(link.write(b"answer"), Ok(6));
    assert_eq!(next_of(&down), b"answer");
    drop(link);
    assert_eq!(next_of(&down), b"");
}

#[test]
fn a_client_that_was_killed_at_any_step_is_reported_and_leaves_no_name() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let gone = Fault::PeerGoneBeforeHello.with(&[&place.address()]);
    // After its record, before it was opened.
    let client = place.pair(1);
    client.hand_in();
    assert_eq!(acceptor.next_refusal(), gone);
    place.await_names(&["calls"]);
    // After the answer.
    let client = place.pair(2);
    let down = client.open_down();
    client.hand_in();
    assert_eq!(next_of(&down), [0x06]);
    drop(down);
    assert_eq!(acceptor.next_refusal(), gone);
    place.await_names(&["calls"]);
    // With both ends open, before the names were removed, or anything was said.
    let client = place.pair(3);
    let down = client.open_down();
    client.hand_in();
    assert_eq!(next_of(&down), [0x06]);
    drop((client.open_up(), down));
    assert_eq!(acceptor.next_refusal(), gone);
    place.await_names(&["calls"]);
    // In the middle of its first bytes.
    let client = place.pair(4);
    let down = client.open_down();
    client.hand_in();
    assert_eq!(next_of(&down), [0x06]);
    let mut up = client.open_up();
    up.write_all(b"fi").unwrap();
    drop((up, down));
    assert_eq!(acceptor.next_refusal().fault(), Fault::PeerNonsense);
    place.await_names(&["calls"]);
    served(&place, &acceptor);
}

#[test]
fn a_client_that_hears_nothing_but_holds_its_other_end_has_gone() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let client = place.pair(1);
    let down = client.open_down();
    client.hand_in();
    assert_eq!(next_of(&down), [0x06]);
    let _up = client.open_up();
    drop(down);
    assert_eq!(acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
    place.await_names(&["calls"]);
}

#[test]
fn lying_records_are_refused_and_harm_nobody_else() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let outside = place.folder().join("outside");
    std::fs::write(&outside, "precious").unwrap();
    let long = "x".repeat(10_000);
    for lie in [
        "garbage\n".to_owned(),
        "garbage".to_owned(),
        "\nfifo1 ../x.up ../x.down\n".to_owned(),
        format!("\nfifo1 {0} {0}\n", outside.display()),
        "\nfifo1 outside outside\n".to_owned(),
        "\nfifo1 calls calls\n".to_owned(),
        "\nfifo1 .calls.0000000000000001.up\n".to_owned(),
        "\nfifo1 .calls.0000000000000001.up .calls.0000000000000002.down\n".to_owned(),
        format!("\n{long}\n"),
        long,
    ] {
        place.hand_in(&lie);
        // One that is not ended shows with the next record.
        served(&place, &acceptor);
        let refusal = acceptor.next_refusal();
        assert_eq!(refusal.fault(), Fault::ClientRefused, "{lie}");
        assert!(refusal.to_string().contains("its record is malformed"), "{refusal}");
    }
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "precious");
    assert_eq!(place.names(), ["calls", "outside"]);
}

#[test]
fn names_of_what_is_no_fifo_are_refused_and_left_alone() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let [up, down] = ["up", "down"].map(|end| format!(".calls.000000000000000a.{end}"));
    let record = format!("\nfifo1 {up} {down}\n");
    let path = |name: &str| place.folder().join(name);
    let refusal = |why: String| Fault::ClientRefused.with(&[&place.address(), &why]);
    // A file.
    std::fs::write(path(&up), "precious").unwrap();
    make_fifo(&path(&down), 0o600).unwrap();
    place.hand_in(&record);
    assert_eq!(acceptor.next_refusal(), refusal(format!("{up} is no FIFO of this user")));
    assert_eq!(std::fs::read_to_string(path(&up)).unwrap(), "precious");
    // A symbolic link to a FIFO.
    std::fs::remove_file(path(&up)).unwrap();
    std::os::unix::fs::symlink("calls", path(&up)).unwrap();
    place.hand_in(&record);
    assert_eq!(acceptor.next_refusal(), refusal(format!("{up} is no FIFO of this user")));
    // Two names of one FIFO.
    std::fs::remove_file(path(&up)).unwrap();
    std::fs::hard_link(path(&down), path(&up)).unwrap();
    place.hand_in(&record);
    assert_eq!(acceptor.next_refusal(), refusal(format!("{up} and {down} are one FIFO")));
    // Nothing at all.
    std::fs::remove_file(path(&up)).unwrap();
    std::fs::remove_file(path(&down)).unwrap();
    place.hand_in(&record);
    assert_eq!(acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
    served(&place, &acceptor);
}

#[test]
fn fifos_of_another_user_are_refused_and_left_alone() {
    if !rustix::process::geteuid().is_root() {
        // Only root can make what belongs to somebody else.
        return;
    }
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let client = place.pair(1);
    let nobody = rustix::process::Uid::from_raw(65_534);
    rustix::fs::chown(client.path(&client.down), Some(nobody), None).unwrap();
    let _down = client.open_down();
    client.hand_in();
    let why = format!("{} is no FIFO of this user", client.down);
    assert_eq!(acceptor.next_refusal(), Fault::ClientRefused.with(&[&place.address(), &why]));
    assert_eq!(place.names().len(), 3);
    served(&place, &acceptor);
}

#[test]
fn a_second_record_with_the_same_names_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let client = place.pair(1);
    let down = client.open_down();
    client.hand_in();
    client.hand_in();
    let why = format!("{} is in use", client.up);
    assert_eq!(acceptor.next_refusal(), Fault::ClientRefused.with(&[&place.address(), &why]));
    assert_eq!(next_of(&down), [0x06]);
    client.open_up().write_all(b"first").unwrap();
    read_all(&*acceptor.next_link(), &mut [0; 5]).unwrap();
    place.await_names(&["calls"]);
}

#[test]
fn a_client_that_says_nothing_is_turned_away_with_a_farewell() {
    let place = Place::new();
    // Connecting takes a part of it.
    let (_listener, acceptor) = place.server_that_hears(Duration::from_secs(1));
    let near = place.connector().connect(LONG).unwrap();
    assert_eq!(read_to_end(&*near).unwrap(), b"farewell: PeerSilent");
    drop(near);
    assert_eq!(acceptor.next_refusal(), Fault::PeerSilent.with(&[&place.address(), &1]));
}

#[test]
fn a_stranger_is_turned_away_and_can_read_why() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let near = place.connector().connect(LONG).unwrap();
    near.write(b"220 mail.example").unwrap();
    assert_eq!(read_to_end(&*near).unwrap(), b"farewell: PeerNonsense");
    drop(near);
    let shown = "\"220 mail\" (32 32 30 20 6D 61 69 6C)";
    assert_eq!(acceptor.next_refusal(), Fault::PeerNonsense.with(&[&place.address(), &shown]));
}

#[test]
fn silent_clients_hold_up_nobody_and_leave_nothing() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let silent: Vec<_> = (0..50).map(|_| place.connector().connect(LONG).unwrap()).collect();
    served(&place, &acceptor);
    drop(silent);
    for _ in 0..50 {
        assert_eq!(acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
    }
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn closing_the_listener_hangs_up_on_those_who_were_not_accepted_and_on_nobody_else() {
    let place = Place::new();
    let (listener, acceptor) = place.server();
    let near = place.connector().connect(LONG).unwrap();
    near.write(b"first").unwrap();
    let far = acceptor.next_link();
    let silent = place.connector().connect(LONG).unwrap();
    listener.close();
    assert_eq!(read_to_end(&*silent).unwrap(), b"");
    near.write(b" and more").unwrap();
    drop(near);
    assert_eq!(read_to_end(&*far).unwrap(), b"first and more");
    assert!(place.names().is_empty());
}
