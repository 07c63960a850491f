//! Samples of the pages for somebody signed in, of errors, and of the demo's inbox.

use super::{REQUEST_ID, form};
use crate::pages::{
    Error, Failure, Inbox, InboxMessage, Page, RefusedService, SignedIn, SwitchAccount,
};

const SIGN_IN: &str = "/cas/login";

impl Page for SignedIn {
    const TEMPLATE: &'static str = "signed_in.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            sign_out: form("/cas/logout"),
            switch: form("/signin/switch"),
            name: "李晓雨".into(),
            number: "20230001".into(),
            since: "2026-11-21 13:05".into(),
            until: "2026-11-21 21:05".into(),
            account: "/account".into(),
        };
        vec![("signed_in", page)]
    }
}

impl Page for SwitchAccount {
    const TEMPLATE: &'static str = "switch_account.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            form: form("/signin/switch"),
            name: "李晓雨".into(),
            number: "20230001".into(),
            back: SIGN_IN.into(),
        };
        vec![("ask", page)]
    }
}

impl Page for RefusedService {
    const TEMPLATE: &'static str = "refused_service.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            sign_in: SIGN_IN.into(),
            request_id: REQUEST_ID.into(),
        };
        vec![("refused", page)]
    }
}

impl Page for Error {
    const TEMPLATE: &'static str = "error.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |failure, retry_seconds| Self {
            failure,
            request_id: REQUEST_ID.into(),
            retry_seconds,
            sign_in: SIGN_IN.into(),
        };
        vec![
            ("bad_request", with(Failure::BadRequest, None)),
            ("forgery", with(Failure::Forgery, None)),
            ("not_found", with(Failure::NotFound, None)),
            ("method", with(Failure::Method, None)),
            ("flow_expired", with(Failure::FlowExpired, None)),
            ("too_large", with(Failure::TooLarge, None)),
            ("wrong_host", with(Failure::WrongHost, None)),
            ("too_many", with(Failure::TooMany, Some(30))),
            ("internal", with(Failure::Internal, None)),
            ("busy", with(Failure::Busy, Some(90))),
            ("busy_unknown", with(Failure::Busy, None)),
        ]
    }
}

impl Page for Inbox {
    const TEMPLATE: &'static str = "inbox.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let message = |to: &str, code: &str, at: &str| InboxMessage {
            to: to.into(),
            body: format!(
                "【示例大学】验证码 {code}，5 分钟内有效。您正在绑定手机，请勿转告他人。"
            ),
            at: at.into(),
        };
        let some = Self {
            to: "+8613800000001".into(),
            messages: vec![
                message("+8613800000001", "402918", "2026-11-21 13:05:41"),
                message("+8613800000001", "118264", "2026-11-21 13:02:10"),
                message("+8613800000003", "730055", "2026-11-21 12:58:02"),
            ],
        };
        let all = Self {
            to: String::new(),
            ..some.clone()
        };
        let none = Self {
            messages: Vec::new(),
            ..all.clone()
        };
        vec![("some", some), ("all", all), ("none", none)]
    }
}
