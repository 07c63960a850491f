//! Persons, their numbers and contacts, and the rules of the first sign-in.
//!
//! Each type has one constructor that canonicalises and checks, so a value that exists is valid,
//! and two spellings of one thing are equal. Those that identify a human print masked in `Debug`.

mod activation_code;
mod affiliation;
mod common_passwords;
mod email;
mod group_name;
mod id_number;
mod initial;
mod name;
mod number;
mod org_path;
mod password_policy;
mod phone;
mod postal_address;
mod text;

pub use activation_code::{ActivationCode, BadActivationCode};
pub use affiliation::{Affiliation, BadAffiliation};
pub use email::{BadEmail, EmailAddress};
pub(crate) use group_name::is_plain_name;
pub use group_name::{BadGroupName, GroupName};
pub use id_number::{BadIdNumber, IdKind, IdNumber, Sex};
pub use initial::{AdmissionNumber, BadAdmissionNumber, InitialRule, initial_mac, matches_initial};
pub use name::{BadName, PersonName};
pub use number::{AccountNumber, BadNumber};
pub use org_path::{BadOrgPath, OrgPath};
pub use password_policy::{PasswordContext, PasswordFault, PasswordPolicy, normalise_password};
pub use phone::{BadPhone, PhoneNumber};
pub use postal_address::{BadPostalAddress, PostalAddress};
pub(crate) use text::{is_forbidden, is_invisible};
