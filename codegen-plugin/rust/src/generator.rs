//! One service at a time: tonic's code is taken as it comes, and changed in a few places.

use prost_build::{Service, ServiceGenerator};
use syn::{File, Item, ItemMod};

use crate::{blocking, direct, short};

/// Generates as tonic does, and then puts the shorter way in, and a client for threads beside. It writes no code of
/// tonic's itself, so that whatever tonic's builder was told is as with tonic.
pub(crate) struct Generator {
    pub(crate) stock: Box<dyn ServiceGenerator>,
    pub(crate) blocking: bool,
}

impl ServiceGenerator for Generator {
    fn generate(&mut self, service: Service, text: &mut String) {
        let name = service.name.clone();
        let mut stock = String::new();
        self.stock.generate(service, &mut stock);
        let mut file: File = syn::parse_str(&stock).expect("tonic generates Rust");
        let mut beside = Vec::new();
        for item in &mut file.items {
            let Item::Mod(module) = item else { continue };
            if defines(module, &format!("{name}Client")) {
                short::client(module, &name);
                if self.blocking {
                    beside.push(blocking::client(module, &name));
                }
            } else if defines(module, &format!("{name}Server")) {
                direct::server(module, &name);
                short::server(module);
            }
        }
        file.items.extend(beside.into_iter().map(Item::Mod));
        text.push_str(&prettyplease::unparse(&file));
    }
}

fn defines(module: &ItemMod, name: &str) -> bool {
    let items = module.content.iter().flat_map(|(_, items)| items);
    items.into_iter().any(|item| matches!(item, Item::Struct(item) if item.ident == name))
}
