//! Persons, their numbers and contacts, and the rules of the first sign-in.

mod affiliation;
mod email;
mod id_number;
mod initial;
mod name;
mod number;
mod org_path;
mod password_policy;
mod phone;
