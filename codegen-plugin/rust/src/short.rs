//! The shorter way of unary calls, put into the code that tonic generates.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Fields, ImplItem, ImplItemFn, Item, ItemMod, parse_quote};

use crate::blocking::Method;

/// Puts the shorter way into the module of a client: a field that knows whether it is open, kept up by whatever
/// makes or changes a client, and a look at it at the beginning of every unary call.
pub(crate) fn client(module: &mut ItemMod, service: &str) {
    let name = format!("{service}Client");
    for item in module.content.iter_mut().flat_map(|(_, items)| items) {
        match item {
            Item::Struct(item) if item.ident == name => {
                let Fields::Named(fields) = &mut item.fields else { panic!("tonic's clients have fields") };
                fields.named.push(parse_quote!(short: ::samehost::codegen::Short));
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for item in &mut item.items {
                    if let ImplItem::Fn(function) = item {
                        client_function(function);
                    }
                }
            }
            _ => {}
        }
    }
}

fn client_function(function: &mut ImplItemFn) {
    match &*function.sig.ident.to_string() {
        "new" | "with_origin" if function.sig.receiver().is_none() => {
            function.sig.generics.make_where_clause().predicates.push(parse_quote!(T: 'static));
            let stmts = &mut function.block.stmts;
            stmts.insert(0, parse_quote!(let short = ::samehost::codegen::Short::over(&inner);));
            stmts.pop();
            stmts.push(syn::Stmt::Expr(parse_quote!(Self { inner, short }), None));
        }
        "with_interceptor" if function.sig.receiver().is_none() => {
            let predicates = &mut function.sig.generics.make_where_clause().predicates;
            predicates.push(parse_quote!(T: 'static));
            predicates.push(parse_quote!(F: 'static));
        }
        "send_compressed" | "accept_compressed" if function.sig.asyncness.is_none() => {
            function.block.stmts.insert(0, parse_quote!(self.short.close();));
        }
        name @ ("max_decoding_message_size" | "max_encoding_message_size")
            if function.sig.asyncness.is_none() =>
        {
            let name = quote::format_ident!("{name}");
            function.block.stmts.insert(0, parse_quote!(self.short.#name(limit);));
        }
        _ => {
            let Some(Method { path, client_streams: false, server_streams: false, .. }) =
                Method::of(function)
            else {
                return;
            };
            let look = parse_quote! {
                if self.short.is_open() {
                    return self.short.unary(#path, request.into_request()).await;
                }
            };
            function.block.stmts.insert(0, syn::Stmt::Expr(look, None));
        }
    }
}

/// Puts the shorter way into the module of a server: where a unary method is about to be run, with what the code
/// around has named.
pub(crate) fn server(module: &mut ItemMod) {
    struct Unary;
    impl VisitMut for Unary {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_mut::visit_expr_mut(self, expr);
            let stock: Expr = parse_quote!(grpc.unary(method, req).await);
            if *expr == stock {
                *expr = parse_quote!({
                    let mut req = req;
                    let call = ::samehost::codegen::UnaryCall::of(
                        &mut req,
                        accept_compression_encodings,
                        send_compression_encodings,
                    );
                    match call {
                        Some(call) => {
                            call.serve(method, req, max_decoding_message_size, max_encoding_message_size).await
                        }
                        None => #stock,
                    }
                });
            }
        }
    }
    Unary.visit_item_mod_mut(module);
}
