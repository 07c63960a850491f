//! Samples of the pages that let a device in.

use super::{form, library};
use crate::pages::{DeviceAnswered, DeviceVerify, Notice, Page};

impl Page for DeviceVerify {
    const TEMPLATE: &'static str = "device_verify.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |code: &str, notice| Self {
            form: form("/oidc/device/verify"),
            notice,
            user_code: code.into(),
            name: "李晓雨".into(),
            number: "20230001".into(),
        };
        vec![
            ("empty", page("", None)),
            ("complete", page("WDJB-MJHT", None)),
            ("missing", page("", Some(Notice::Missing))),
            ("wrong", page("WDJB-MJHT", Some(Notice::WrongUserCode))),
            ("limit", page("WDJB-MJHT", Some(Notice::UserCodeLimit))),
        ]
    }
}

impl Page for DeviceAnswered {
    const TEMPLATE: &'static str = "device_answered.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |allowed| Self {
            application: library(),
            allowed,
            account: "/account".into(),
        };
        vec![("allowed", page(true)), ("denied", page(false))]
    }
}
