//! Applications that ask for a sign-out (RP-Initiated Logout 1.0): who is believed, who is asked,
//! and where it ends.

mod asked;
mod believed;
mod leaving;
mod requests;
