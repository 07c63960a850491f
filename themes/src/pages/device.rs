//! Letting a device in that has no keyboard (RFC 8628).

use serde::Serialize;

use super::{Form, Names, Notice};

/// `/oidc/device/verify`: the code that the device shows. Field `user_code`.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceVerify {
    pub form: Form,
    pub notice: Option<Notice>,
    /// `WDJB-MJHT`, from the address that the device showed; else empty.
    pub user_code: String,
    pub name: String,
    pub number: String,
}

/// The decision is known; the device goes on by itself.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceAnswered {
    pub application: Names,
    /// It was let in.
    pub allowed: bool,
    /// `/account`, where it can be taken back.
    pub account: String,
}
