//! Claims about people (OpenID Connect Core §5): those that the entry releases *and* the request
//! asks for, and no others (OID-29).

mod told;
mod wanted;

#[cfg(test)]
mod tests;

pub use told::Teller;
pub use wanted::{Place, Wanted};
