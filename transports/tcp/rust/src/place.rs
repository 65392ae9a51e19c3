//! Where a server is.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use samehost_transport_api::{Address, Fault, LinkError};

use crate::TcpOptions;

/// The host and the port that an address names. It knows which hosts are allowed, and looks a name up
/// when it is asked to.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    address: Address,
    host: Host,
    port: u16,
    beyond_host: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

impl Place {
    /// The place of an address, which must be allowed as far as can be seen without looking a name up: beyond this host
    /// is what is secret.
    pub fn of(address: &Address, options: &TcpOptions, secret: bool) -> Result<Place, LinkError> {
        let (host, port) =
            parse(address.rest()).map_err(|reason| Fault::AddressMalformed.with(&[address, &reason]))?;
        let beyond_host = secret || options.plain_text_beyond_host;
        let place = Place { address: address.clone(), host, port, beyond_host };
        if let Host::Ip(ip) = &place.host {
            place.check(*ip)?;
        }
        Ok(place)
    }

    /// The same, for a client: it must have a port.
    pub fn of_server(address: &Address, options: &TcpOptions, secret: bool) -> Result<Place, LinkError> {
        let place = Place::of(address, options, secret)?;
        match place.port {
            0 => Err(Fault::AddressMalformed.with(&[address, &"a client needs another port than 0"])),
            _ => Ok(place),
        }
    }

    /// The address, as it was written.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The host as it was written, without brackets.
    #[cfg(feature = "tls")]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        }
    }

    /// What there is to connect to or to listen on, at least one, those of IPv4 first.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, LinkError> {
        let name = match &self.host {
            Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, self.port)]),
            Host::Name(name) => name,
        };
        let unknown = || Fault::HostUnknown.with(&[&self.address, name]);
        let found = (name.as_str(), self.port).to_socket_addrs().map_err(|_| unknown())?;
        let found = in_order(found.collect());
        for one in &found {
            self.check(one.ip())?;
        }
        if found.is_empty() { Err(unknown()) } else { Ok(found) }
    }

    /// The address with another port.
    pub fn with_port(&self, port: u16) -> String {
        format!("{}:{}:{port}", self.address.scheme(), self.host)
    }

    fn check(&self, ip: IpAddr) -> Result<(), LinkError> {
        if self.beyond_host || ip.is_loopback() {
            return Ok(());
        }
        Err(Fault::PlainTextBeyondHost.with(&[&self.address, &ip]))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Ip(ip) => write!(f, "{ip}"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// The older family goes first, and nothing comes twice.
fn in_order(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    found.sort_by_key(SocketAddr::is_ipv6);
    found.dedup();
    found
}

/// Splits `HOST:PORT`; the error is a reason for people. `proto/vectors/hosts.json` is the rule.
fn parse(text: &str) -> Result<(Host, u16), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (ip, port) = rest.split_once(']').ok_or("a bracket is not closed")?;
            let ip: Ipv6Addr = ip.parse().map_err(|_| "what is in the brackets is no IPv6 address")?;
            (Host::Ip(ip.to_canonical()), port.strip_prefix(':').ok_or("it has no port")?)
        }
        None => {
            let (host, port) = text.rsplit_once(':').ok_or("it has no port")?;
            (host_of(host)?, port)
        }
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| digits).ok_or("its port is no number from 0 to 65535")?;
    Ok((host, port))
}

fn host_of(text: &str) -> Result<Host, &'static str> {
    let all = |allowed: fn(u8) -> bool| text.bytes().all(allowed);
    if text.is_empty() {
        return Err("it has no host");
    }
    if text.contains(':') {
        return Err("an IPv6 address stands in brackets, as in tcp:[::1]:4000");
    }
    if all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse().map(Host::Ip).map_err(|_| "its host is no IPv4 address");
    }
    if all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) && text.len() <= 253 {
        return Ok(Host::Name(text.to_owned()));
    }
    Err("its host is neither a name nor an IP address")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        text: String,
        host: Option<String>,
        port: Option<u16>,
        reason: Option<String>,
    }

    #[test]
    fn hosts_and_ports_are_found_as_the_vectors_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../proto/vectors/hosts.json");
        let vectors: Vec<Vector> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(vectors.len() > 10);
        for vector in vectors {
            let found = parse(&vector.text).map(|(host, port)| (host.to_string(), port));
            let expected = match vector.reason {
                None => Ok((vector.host.unwrap(), vector.port.unwrap())),
                Some(reason) => Err(reason),
            };
            assert_eq!(found.map_err(str::to_owned), expected, "{}", vector.text);
        }
    }

    #[test]
    fn the_older_family_goes_first_in_the_order_of_the_resolver() {
        let [a, b, c, d] =
            ["[::1]:1", "127.0.0.2:1", "[::2]:1", "127.0.0.1:1"].map(|one| one.parse().unwrap());
        assert_eq!(in_order(vec![a, b, b, c, d]), [b, d, a, c]);
    }

    #[test]
    fn all_addresses_of_localhost_are_of_this_host() {
        let address: Address = "tcp:localhost:4000".parse().unwrap();
        let found = Place::of(&address, &TcpOptions::default(), false).unwrap().resolve().unwrap();
        assert!(found.iter().all(|one| one.ip().is_loopback() && one.port() == 4000), "{found:?}");
    }
}
