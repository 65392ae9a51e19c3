//! The direct way of unary calls into a server that nothing stands before, put beside the code that tonic generates.

use syn::visit::{self, Visit};
use syn::{Arm, Expr, ExprAsync, ImplItem, Item, ItemMod, Pat, parse_quote};

/// Puts the direct way into the module of a server: an implementation of `Direct` with all its unary methods, which
/// whatever makes a server makes known. It looks at the module as tonic has made it.
pub(crate) fn server(module: &mut ItemMod, service: &str) {
    let arms = unary_arms(module);
    if arms.is_empty() {
        return;
    }
    let name = quote::format_ident!("{service}Server");
    let service = quote::format_ident!("{service}");
    let Some((_, items)) = &mut module.content else { return };
    for item in items.iter_mut() {
        let Item::Impl(item) = item else { continue };
        for function in item.items.iter_mut().filter(|_| item.trait_.is_none()) {
            let ImplItem::Fn(function) = function else { continue };
            let called = function.sig.ident.to_string();
            if ["new", "from_arc", "with_interceptor"].contains(&&*called) {
                function.sig.generics.make_where_clause().predicates.push(parse_quote!(T: #service));
            }
            if called == "from_arc" {
                let register = parse_quote!(::samehost::codegen::register::<Self>(););
                function.block.stmts.insert(0, register);
            }
        }
    }
    items.push(parse_quote! {
        impl<T: #service> ::samehost::codegen::Direct for #name<T> {
            fn encodings(&self) -> [EnabledCompressionEncodings; 2] {
                [self.accept_compression_encodings, self.send_compression_encodings]
            }

            #[allow(deprecated)]
            fn begin(
                &self,
                call: ::samehost::codegen::DirectCall<'_>,
            ) -> Option<::samehost::codegen::Answering> {
                let limits = (self.max_decoding_message_size, self.max_encoding_message_size);
                let inner = Arc::clone(&self.inner);
                match call.path() {
                    #(#arms)*
                    _ => None,
                }
            }
        }
    });
}

/// Of each unary method its path, and how tonic runs its handler.
fn unary_arms(module: &ItemMod) -> Vec<Arm> {
    struct Search(Vec<Arm>);
    impl<'ast> Visit<'ast> for Search {
        fn visit_arm(&mut self, arm: &'ast Arm) {
            if let Pat::Lit(path) = &arm.pat
                && let Some(run) = handler_of_unary(&arm.body)
            {
                self.0.push(parse_quote!(#path => Some(call.begin(limits, move |request| #run)),));
            }
        }
    }
    let mut search = Search(Vec::new());
    search.visit_item_mod(module);
    search.0
}

/// The block that runs the handler, if this is the code around a unary method: the first of its asynchronous ones.
fn handler_of_unary(body: &Expr) -> Option<ExprAsync> {
    #[derive(Default)]
    struct Search {
        unary: bool,
        first: Option<ExprAsync>,
    }
    impl<'ast> Visit<'ast> for Search {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.unary |= *expr == parse_quote!(grpc.unary(method, req).await);
            visit::visit_expr(self, expr);
        }

        fn visit_expr_async(&mut self, block: &'ast ExprAsync) {
            self.first.get_or_insert_with(|| block.clone());
            visit::visit_expr_async(self, block);
        }
    }
    let mut search = Search::default();
    search.visit_expr(body);
    search.first.filter(|_| search.unary)
}
