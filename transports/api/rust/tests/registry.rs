//! Finding a transport by its scheme.

use samehost_transport_api::{Address, Connector, Fault, LinkError, Listener, Options, Registry, Transport};

/// A transport that answers every question by its own name.
struct Named(&'static str, &'static str);

impl Transport for Named {
    fn scheme(&self) -> &'static str {
        self.0
    }

    fn connector(&self, _address: &Address, _options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        Err(Fault::ChannelShutdown.with(&[&self.1]))
    }

    fn listener(&self, _address: &Address, _options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        Err(Fault::ServerShutdown.with(&[&self.1]))
    }
}

fn name_of(registry: &Registry, address: &Address) -> String {
    let transport = registry.find(address).unwrap();
    transport.connector(address, &Options::new()).err().unwrap().to_string()
}

#[test]
fn finds_a_transport_by_the_scheme_of_the_address() {
    let registry = Registry::new().with(Named("first", "one")).with(Named("last", "two"));
    let address: Address = "LAST:x".parse().unwrap();
    assert!(name_of(&registry, &address).starts_with("two:"));
}

#[test]
fn a_later_transport_of_the_same_scheme_replaces_the_earlier() {
    let registry = Registry::new().with(Named("first", "one")).with(Named("first", "two"));
    let address: Address = "first:x".parse().unwrap();
    assert!(name_of(&registry, &address).starts_with("two:"));
}

#[test]
fn names_the_schemes_there_are_when_none_fits() {
    let address: Address = "smoke:over the hill".parse().unwrap();
    let registry = Registry::new().with(Named("last", "")).with(Named("first", ""));
    let refusal = registry.find(&address).err().unwrap();
    assert_eq!(refusal.fault(), Fault::SchemeUnknown);
    let begin = "address smoke:over the hill: no transport has the scheme smoke; found: first, last.";
    assert!(refusal.to_string().starts_with(begin), "{refusal}");
    let refusal = Registry::new().find(&address).err().unwrap();
    assert!(refusal.to_string().contains("found: none."), "{refusal}");
}
