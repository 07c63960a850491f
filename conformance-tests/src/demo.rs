//! The demo campus, as `yimen up --demo` makes it.

/// Somebody who signed in before.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub number: &'static str,
    pub phone: &'static str,
}

/// Signs in for the first time; the school knows a phone.
pub const NEW: Account = Account {
    number: "20230001",
    phone: "+8613800000001",
};
/// Signs in for the first time; the school gave an activation code.
pub const NEW_WITH_CODE: Account = Account {
    number: "20230003",
    phone: "",
};
/// A student who signed in before.
pub const STUDENT: Account = Account {
    number: "20230002",
    phone: "+8613800000002",
};
/// Signed in before, and administers.
pub const ADMINISTRATOR: &str = "10001";
/// The password of every activated demo account.
pub const PASSWORD: &str = "Campus-2026-demo";
/// A password that the policy takes and that names nobody.
pub const NEW_PASSWORD: &str = "Quiet-Harbour-71-lantern";
