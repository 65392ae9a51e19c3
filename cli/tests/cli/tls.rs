//! Addresses that are called and served by TLS.

use std::path::Path;

use rustix::process::Signal;
use samehost_transport_testkit::{Authority, Issued};
use tempfile::TempDir;

use crate::common::{Program, Served, ended, kill, samehost, serve, serving};

const SAY: &str = "samehost.test.v1.Echo/Say";

/// A server that is served by TLS, and files of its authority, its own and a client's certificates.
struct Secret {
    program: Program,
    address: String,
    folder: TempDir,
    _served: Served,
}

impl Secret {
    fn serve(more: &[&str]) -> Secret {
        let (authority, folder, served) = (Authority::new(), tempfile::tempdir().unwrap(), serve());
        let file = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(file("ca.pem"), authority.pem()).unwrap();
        write(folder.path(), "server", &authority.issue("server", &["127.0.0.1", "db.lan"]));
        write(folder.path(), "client", &authority.issue("client", &["client.lan"]));
        let (chain, key, ca) = (file("server.pem"), file("server.key"), file("ca.pem"));
        let mut words = vec!["tcp:127.0.0.1:0", "--serve-tls-cert", &chain, "--serve-tls-key", &key];
        words.extend(["--to", &*served.address]);
        words.extend(
            more.iter().flat_map(|&word| if word == "CA" { vec!["--serve-tls-ca", &ca] } else { vec![word] }),
        );
        let (program, address) = serving(&words);
        Secret { program, address, folder, _served: served }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn stop(self) {
        kill(&self.program, Signal::TERM);
        ended(self.program).well();
    }
}

fn write(folder: &Path, name: &str, issued: &Issued) {
    std::fs::write(folder.join(format!("{name}.pem")), &issued.chain).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), &issued.key).unwrap();
}

#[test]
fn an_address_is_called_by_tls() {
    let secret = Secret::serve(&[]);
    let (to, ca) = (&*secret.address, &*secret.file("ca.pem"));
    assert!(samehost(&["list", to, "--tls-ca", ca]).well().contains("samehost.test.v1.Echo\n"));
    let said = samehost(&["call", to, SAY, r#"{"data": "aGk="}"#, "--tls-ca", ca, "--tls-name", "db.lan"]);
    assert_eq!(said.well(), "{\"data\":\"aGk=\",\"count\":\"1\"}\n");
    let seen = samehost(&["doctor", to, "--tls-ca", ca]).well();
    assert!(seen.contains("TLS 1.3"), "{seen}");
    secret.stop();
}

#[test]
fn what_does_not_fit_is_told() {
    let secret = Secret::serve(&[]);
    let (to, ca) = (&*secret.address, &*secret.file("ca.pem"));
    for (words, expected) in [
        (&[][..], "this server takes TLS alone"),
        (&["--tls"], "the certificate of the peer is not accepted"),
        (&["--tls-ca", ca, "--tls-name", "web.lan"], "web.lan"),
    ] {
        let told = samehost(&[&["call", to, SAY][..], words].concat()).err;
        assert!(told.contains(expected), "{words:?}: {told}");
    }
    let told = samehost(&["call", "unix:/run/app.sock", SAY, "--tls-ca", ca]).failed(64 + 3);
    assert!(told.contains("credentials for TLS are for tcp: addresses"), "{told}");
    let told = samehost(&["call", to, SAY, "--tls-ca", "no/such/file"]).failed(1);
    assert!(told.contains("no/such/file: "), "{told}");
    assert!(samehost(&["call", to, SAY, "--tls-cert", ca]).failed(2).contains("--tls-key"));
    secret.stop();
}

#[test]
fn a_client_shows_the_certificate_that_is_wanted() {
    let secret = Secret::serve(&["CA"]);
    let (to, ca) = (&*secret.address, &*secret.file("ca.pem"));
    let told = samehost(&["call", to, SAY, "--tls-ca", ca]).failed(64 + 14);
    assert!(told.contains("certificate_required"), "{told}");
    let (chain, key) = (&*secret.file("client.pem"), &*secret.file("client.key"));
    let own = ["--tls-ca", ca, "--tls-cert", chain, "--tls-key", key];
    assert_eq!(samehost(&[&["call", to, SAY][..], &own].concat()).well(), "{\"count\":\"1\"}\n");
    let (onward, address) = serving(&[&["tcp:127.0.0.1:0", "--to", to][..], &own].concat());
    assert_eq!(samehost(&["call", &address, SAY]).well(), "{\"count\":\"1\"}\n");
    kill(&onward, Signal::TERM);
    ended(onward).well();
    secret.stop();
}
