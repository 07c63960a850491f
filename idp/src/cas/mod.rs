//! The CAS protocol (CAS Protocol Specification 3.0.3). Its words are `idp_domain::cas`; here are
//! its addresses.

pub mod attributes;
mod callback;
pub mod doctor;
pub mod login;
pub mod logout;
pub mod proxy;
mod redeem;
pub mod rest;
pub mod slo;
pub mod tickets;
pub mod validate;
