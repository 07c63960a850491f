//! Samples of the pages between the person and one application.

use super::{REQUEST_ID, form, library, names};
use crate::pages::{
    AccessReason, ChooseNumber, EnterService, NoAccess, Notice, NumberOption, Page, PostTicket,
    RefusedClient, TimeWindow,
};

impl Page for EnterService {
    const TEMPLATE: &'static str = "enter_service.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            form: form("/signin/hop"),
            application: library(),
            origin: "https://lib.example.edu".into(),
            name: "李晓雨".into(),
            number: "20230001".into(),
            cancel: "/cas/login".into(),
        };
        let long = Self {
            application: names(
                "研究生学位论文开题、中期检查与答辩管理系统",
                "Postgraduate Thesis Proposal, Review and Defence Management",
            ),
            origin: "https://graduate-thesis-management.apps.example.edu.cn:8443".into(),
            ..page.clone()
        };
        vec![("ask", page), ("long", long)]
    }
}

impl Page for ChooseNumber {
    const TEMPLATE: &'static str = "choose_number.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let number = |value: &str, affiliation: &str, org: Option<&str>| NumberOption {
            value: value.into(),
            display: value.to_uppercase(),
            affiliation: affiliation.into(),
            org: org.map(Into::into),
        };
        let two = Self {
            form: form("/signin/hop"),
            application: library(),
            name: "李晓雨".into(),
            numbers: vec![
                number("s20230001", "student", Some("计算机学院/软件工程系")),
                number("t0042", "staff", None),
            ],
            notice: None,
        };
        let missing = Self {
            notice: Some(Notice::Missing),
            ..two.clone()
        };
        let many = Self {
            numbers: vec![
                number("s20190377", "alum", Some("外国语学院")),
                number("s20230001", "student", Some("计算机学院/软件工程系")),
                number("t0042", "faculty", Some("继续教育学院")),
                number("v77001", "visiting-scholar", Some("")),
            ],
            ..two.clone()
        };
        vec![("two", two), ("missing", missing), ("many", many)]
    }
}

impl Page for PostTicket {
    const TEMPLATE: &'static str = "post_ticket.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            target: "https://lib.example.edu/?a=1&b=2".into(),
            fields: vec![("ticket".into(), "ST-4hD0sVqL2mXw8nRkYc7TzE1bJpAfG".into())],
            application: library(),
        };
        vec![("post", page)]
    }
}

impl Page for RefusedClient {
    const TEMPLATE: &'static str = "refused_client.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |reason: &str| Self {
            reason: reason.into(),
            sign_in: "/cas/login".into(),
            request_id: REQUEST_ID.into(),
        };
        vec![
            ("redirect", page("unregistered_redirect_uri")),
            ("spent", page("invalid_request_uri")),
        ]
    }
}

fn refused(reason: AccessReason) -> NoAccess {
    NoAccess {
        application: library(),
        name: "李晓雨".into(),
        number: "20230001".into(),
        reason,
        contact: Some(names("图书馆技术部 8721-3456", "Library IT, ext. 3456")),
        switch: form("/signin/switch"),
        request_id: REQUEST_ID.into(),
    }
}

fn words(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.into()).collect()
}

fn window(days: &[&str], from: &str, to: &str) -> TimeWindow {
    TimeWindow {
        days: words(days),
        from: from.into(),
        to: to.into(),
    }
}

fn hours() -> AccessReason {
    AccessReason::Times {
        windows: vec![
            window(&["mon", "tue", "wed", "thu", "fri"], "08:00", "22:00"),
            window(&["sat", "sun"], "09:30", "17:00"),
            window(&["fri"], "22:00", "02:00"),
        ],
    }
}

impl Page for NoAccess {
    const TEMPLATE: &'static str = "no_access.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let affiliation = |values| {
            refused(AccessReason::Affiliation {
                admitted: words(values),
            })
        };
        let orgs = AccessReason::OrgUnit {
            admitted: words(&["计算机学院", "外国语学院/英语系"]),
        };
        let number = |rule: &str| refused(AccessReason::Number { rule: rule.into() });
        let every_day = AccessReason::Times {
            windows: vec![
                window(&[], "07:00", "12:00"),
                window(
                    &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
                    "13:00",
                    "23:30",
                ),
                window(&["mon", "wed", "thu", "sun"], "23:30", "00:30"),
            ],
        };
        let known = [
            "student",
            "employee",
            "member",
            "affiliate",
            "alum",
            "library-walk-in",
        ];
        vec![
            ("one", affiliation(&["staff"])),
            (
                "some",
                affiliation(&["faculty", "staff", "visiting-scholar"]),
            ),
            (
                "known",
                NoAccess {
                    contact: None,
                    ..affiliation(&known)
                },
            ),
            ("unsaid", affiliation(&[])),
            (
                "disabled",
                NoAccess {
                    contact: None,
                    ..refused(AccessReason::Disabled)
                },
            ),
            (
                "not_yet",
                refused(AccessReason::NotYet {
                    from: "2026-09-01".into(),
                }),
            ),
            (
                "over",
                refused(AccessReason::Over {
                    until: "2027-01-31".into(),
                }),
            ),
            ("times", refused(hours())),
            ("every_day", refused(every_day)),
            ("state", refused(AccessReason::State)),
            ("org_unit", refused(orgs)),
            ("group", refused(AccessReason::Group)),
            ("number_student", number("student")),
            ("number_staff", number("staff")),
            (
                "number_any",
                NoAccess {
                    number: String::new(),
                    ..number("latest")
                },
            ),
            ("number_ask", number("ask")),
        ]
    }
}
