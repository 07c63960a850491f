//! Samples of the pages about what applications may know.

use super::{form, library, names};
use crate::pages::{
    Account, Consent, ConsentItem, ConsentRow, Consents, EndedAccess, OfflineAccess, Page,
    SelectAccount,
};

fn item(kind: &str, values: &[&str]) -> ConsentItem {
    ConsentItem {
        kind: kind.into(),
        values: values.iter().map(|&value| value.into()).collect(),
        more: 0,
    }
}

fn access(since: &str, used: &str) -> OfflineAccess {
    OfflineAccess {
        since: since.into(),
        used: used.into(),
        until: "2027-11-21 13:05".into(),
    }
}

fn all() -> Vec<ConsentItem> {
    vec![
        item("name", &["李晓雨"]),
        item("number", &["20230001"]),
        item("numbers", &["20230001", "T0042"]),
        item("affiliation", &["student", "visiting-scholar"]),
        item("org", &["计算机学院/软件工程系"]),
        ConsentItem {
            more: 3,
            ..item("groups", &["library-staff", "net-lab"])
        },
        item("email", &["li***@example.edu"]),
        item("phone", &["138****0001"]),
        item("address", &[]),
        item("offline", &[]),
        item("scope", &["books:read"]),
    ]
}

impl Page for Consent {
    const TEMPLATE: &'static str = "consent.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let some = Self {
            form: form("/signin/hop"),
            application: library(),
            contact: Some(names("图书馆技术部 8721-3456", "Library IT, ext. 3456")),
            origin: "https://lib.example.edu".into(),
            items: vec![item("name", &["李晓雨"]), item("number", &["20230001"])],
            name: "李晓雨".into(),
            number: "20230001".into(),
            remembered: true,
            device: None,
        };
        let everything = Self {
            items: all(),
            contact: None,
            ..some.clone()
        };
        let nothing = Self {
            items: Vec::new(),
            origin: "edu.example.app:".into(),
            remembered: false,
            ..some.clone()
        };
        let device = Self {
            device: Some("WDJB-MJHT".into()),
            remembered: false,
            ..some.clone()
        };
        vec![
            ("device", device),
            ("some", some),
            ("everything", everything),
            ("nothing", nothing),
        ]
    }
}

impl Page for SelectAccount {
    const TEMPLATE: &'static str = "select_account.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            form: form("/signin/hop"),
            application: library(),
            name: "李晓雨".into(),
            number: "20230001".into(),
            other: "/signin/switch?client_id=library".into(),
        };
        vec![("ask", page)]
    }
}

impl Page for Consents {
    const TEMPLATE: &'static str = "consents.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let row = ConsentRow {
            form: form("/account/consents/revoke"),
            application: library(),
            gone: false,
            items: all(),
            since: Some("2026-11-21 13:05".into()),
            access: vec![access("2026-11-21 13:05", "2026-11-28 09:30")],
        };
        let campus = ConsentRow {
            application: names("教务系统", "Course office"),
            items: vec![item("name", &[]), item("number", &[]), item("offline", &[])],
            since: None,
            access: vec![
                access("2026-10-09 08:00", "2026-11-30 07:12"),
                access("2026-09-01 18:20", "2026-11-02 22:41"),
            ],
            ..row.clone()
        };
        let gone = ConsentRow {
            gone: true,
            application: names("old-courses", "old-courses"),
            items: vec![item("number", &[])],
            access: Vec::new(),
            ..row.clone()
        };
        let ended = EndedAccess {
            application: library(),
            at: "2026-11-20 03:14".into(),
        };
        let reused = Self {
            rows: Vec::new(),
            ended: vec![ended.clone(), ended],
            withdrawn: false,
            back: "/account".into(),
        };
        let page = |rows, withdrawn| Self {
            rows,
            ended: Vec::new(),
            withdrawn,
            back: "/account".into(),
        };
        vec![
            ("some", page(vec![row, campus, gone.clone()], false)),
            ("reused", reused),
            ("withdrawn", page(vec![gone], true)),
            ("none", page(Vec::new(), false)),
        ]
    }
}

impl Page for Account {
    const TEMPLATE: &'static str = "account.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            name: "李晓雨".into(),
            number: "20230001".into(),
            since: "2026-11-21 13:05".into(),
            until: "2026-11-21 21:05".into(),
            sign_out: form("/cas/logout"),
            switch: form("/signin/switch"),
            consents: "/account/consents".into(),
        };
        vec![("account", page)]
    }
}
