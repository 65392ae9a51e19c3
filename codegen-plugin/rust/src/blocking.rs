//! A client for threads, made of the client that tonic generates.

use quote::format_ident;
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, Item, ItemMod, Lit,
    LitStr, PathArguments, PathSegment, ReturnType, Type, TypeParamBound, parse_quote,
};

use syn::visit::{self, Visit};

/// A method of a service, as tonic's client has it.
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) path: LitStr,
    pub(crate) client_streams: bool,
    pub(crate) server_streams: bool,
    attributes: Vec<Attribute>,
    request: Type,
    response: Type,
}

impl Method {
    /// What a function of a client calls; `None` where it calls nothing.
    pub(crate) fn of(function: &ImplItemFn) -> Option<Method> {
        let path = path_in(function)?;
        let FnArg::Typed(argument) = function.sig.inputs.get(1)? else { return None };
        let Type::ImplTrait(kind) = &*argument.ty else { return None };
        let TypeParamBound::Trait(kind) = kind.bounds.first()? else { return None };
        let (client_streams, request) = match argument_of(kind.path.segments.last()?)? {
            GenericArgument::Type(request) => (false, request),
            GenericArgument::AssocType(request) => (true, &request.ty),
            _ => return None,
        };
        let ReturnType::Type(_, result) = &function.sig.output else { return None };
        let answer = inside(inside(result, "Result")?, "Response")?;
        let (server_streams, response) = match inside(answer, "Streaming") {
            Some(response) => (true, response),
            None => (false, answer),
        };
        Some(Method {
            name: function.sig.ident.clone(),
            path,
            client_streams,
            server_streams,
            attributes: function.attrs.clone(),
            request: request.clone(),
            response: response.clone(),
        })
    }

    fn function(&self) -> ImplItem {
        let Method { name, path, attributes, request, response, .. } = self;
        match (self.client_streams, self.server_streams) {
            (false, false) => parse_quote! {
                #(#attributes)*
                pub fn #name(&self, request: &#request) -> Result<Response<#response>, Status> {
                    self.channel.unary(#path, request, &self.options)
                }
            },
            (false, true) => parse_quote! {
                #(#attributes)*
                pub fn #name(&self, request: &#request) -> Call<#request, #response> {
                    self.channel.server_streaming(#path, request, &self.options)
                }
            },
            (true, _) => parse_quote! {
                #(#attributes)*
                pub fn #name(&self) -> Call<#request, #response> {
                    self.channel.call(#path, &self.options)
                }
            },
        }
    }
}

/// The module of the client for threads, beside that of tonic's client.
pub(crate) fn client(of: &ItemMod, service: &str) -> ItemMod {
    let name = format_ident!("{service}BlockingClient");
    let module = of.ident.to_string();
    let module = format_ident!("{}_blocking_client", module.strip_suffix("_client").unwrap_or(&module));
    let items = || of.content.iter().flat_map(|(_, items)| items);
    let functions = items().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => Some(&item.items),
        _ => None,
    });
    let methods = functions.flatten().filter_map(|item| match item {
        ImplItem::Fn(function) => Method::of(function),
        _ => None,
    });
    let functions = methods.map(|method| method.function());
    let comments = items().filter_map(|item| match item {
        Item::Struct(item) => Some(item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"))),
        _ => None,
    });
    let comments = comments.flatten();
    parse_quote! {
        /// Generated client implementations for threads.
        pub mod #module {
            #![allow(unused_imports, dead_code, missing_docs)]
            use ::samehost::Status;
            use ::samehost::blocking::{Call, CallOptions, Channel, Response};

            #(#comments)*
            #[derive(Clone)]
            pub struct #name {
                channel: Channel,
                options: CallOptions,
            }

            impl #name {
                /// A client over this channel.
                pub fn new(channel: Channel) -> Self {
                    Self { channel, options: CallOptions::default() }
                }

                /// The same client, all of whose calls have these options.
                #[must_use]
                pub fn with_options(self, options: CallOptions) -> Self {
                    Self { options, ..self }
                }

                #(#functions)*
            }
        }
    }
}

/// The path that a function calls.
fn path_in(function: &ImplItemFn) -> Option<LitStr> {
    struct Search(Option<LitStr>);
    impl<'ast> Visit<'ast> for Search {
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            if let (Expr::Path(called), Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))) =
                (&*call.func, call.args.first())
                && called.path.segments.last().is_some_and(|last| last.ident == "from_static")
            {
                self.0 = Some(text.clone());
            }
            visit::visit_expr_call(self, call);
        }
    }
    let mut search = Search(None);
    search.visit_impl_item_fn(function);
    search.0
}

/// The type inside of `name<..>`; `None` where it is something else.
fn inside<'a>(outer: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = outer else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    match argument_of(last)? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

fn argument_of(segment: &PathSegment) -> Option<&GenericArgument> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.first(),
        _ => None,
    }
}
