//! Links through Unix sockets.

use samehost_transport_api::{Address, Options};
use samehost_transport_testkit::Ends;
use samehost_transport_unix::UnixTransport;

#[test]
fn both_sides_know_the_process_and_the_user_at_the_other_end() {
    let folder = tempfile::tempdir().unwrap();
    let address: Address = format!("unix:{}/s", folder.path().display()).parse().unwrap();
    let ends = Ends::through(&UnixTransport::new(), &address, &Options::new());
    for link in [&ends.left, &ends.right] {
        assert_eq!(*link.peer().address, *address.to_string());
        assert_eq!(link.peer().process_id, Some(std::process::id()));
        assert_eq!(link.peer().user_id, Some(rustix::process::geteuid().as_raw()));
        assert_eq!(link.peer().group_id, Some(rustix::process::getegid().as_raw()));
    }
}
