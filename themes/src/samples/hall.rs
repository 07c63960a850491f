//! Samples of the hall's pages.

use super::{REQUEST_ID, form, names};
use crate::pages::{
    Failure, HallError, HallFailure, HallGroup, HallHome, HallNotice, HallPerson, HallRefused,
    HallTile, Names, Page,
};

fn tile(zh: &str, en: &str, about: (&str, &str), initial: &str, colour: u32) -> HallTile {
    HallTile {
        name: names(zh, en),
        description: names(about.0, about.1),
        url: "https://app.example.edu/?a=1&b=2".into(),
        initial: initial.into(),
        colour,
    }
}

fn groups() -> Vec<HallGroup> {
    let study = vec![
        tile(
            "教务管理系统",
            "Teaching affairs",
            ("选课、成绩、课表", "Courses, marks, timetable"),
            "教",
            0,
        ),
        tile(
            "图书馆",
            "Library",
            ("借阅、预约、电子资源", "Loans, reservations, e-resources"),
            "图",
            1,
        ),
        tile("网络教学平台", "Online courses", ("", ""), "网", 2),
    ];
    let office = vec![
        tile(
            "财务报销",
            "Expenses",
            ("网上报账与酬金申报", "Claims and payments"),
            "财",
            3,
        ),
        tile(
            "协同办公",
            "Office",
            ("公文、会议、通讯录", "Documents, meetings, directory"),
            "协",
            4,
        ),
    ];
    let other = vec![tile(
        "校园卡",
        "Campus card",
        ("充值、挂失、账单", "Top up, block, statements"),
        "校",
        5,
    )];
    vec![
        HallGroup {
            category: names("教学科研", "Teaching and research"),
            tiles: study,
        },
        HallGroup {
            category: names("办公", "Office"),
            tiles: office,
        },
        HallGroup {
            category: Names::default(),
            tiles: other,
        },
    ]
}

impl Page for HallHome {
    const TEMPLATE: &'static str = "hall_home.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let guest = Self {
            said: None,
            person: None,
            sign_in: "/signin".into(),
            search: String::new(),
            loaded: true,
            total: 6,
            groups: groups(),
        };
        let person = HallPerson {
            name: "李晓雨".into(),
            number: "20230001".into(),
            affiliation: Some("student".into()),
            org: Some("计算机学院".into()),
            account: "https://id.example.edu/account".into(),
            sign_out: form("/signout"),
        };
        let bare = HallPerson {
            number: String::new(),
            affiliation: None,
            org: None,
            ..person.clone()
        };
        let with = |said| Self {
            said: Some(said),
            ..guest.clone()
        };
        let signed_in = Self {
            person: Some(person),
            ..guest.clone()
        };
        let found = Self {
            search: "图书馆 & \"x\"".into(),
            groups: groups().into_iter().take(1).collect(),
            ..signed_in.clone()
        };
        let none_found = Self {
            search: "没有".into(),
            groups: Vec::new(),
            ..guest.clone()
        };
        let none = Self {
            total: 0,
            groups: Vec::new(),
            ..guest.clone()
        };
        vec![
            ("guest", guest.clone()),
            ("signed_in", signed_in.clone()),
            (
                "bare",
                Self {
                    person: Some(bare),
                    ..guest.clone()
                },
            ),
            ("found", found),
            ("none_found", none_found),
            ("none", none.clone()),
            (
                "unloaded",
                Self {
                    said: Some(HallNotice::Away),
                    loaded: false,
                    ..none
                },
            ),
            ("signed_out", with(HallNotice::SignedOut)),
            ("signed_out_here", with(HallNotice::SignedOutHere)),
        ]
    }
}

impl Page for HallRefused {
    const TEMPLATE: &'static str = "hall_refused.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |failure: HallFailure| {
            let page = Self {
                failure,
                again: "/signin?to=%2F%3Fq%3Da".into(),
                home: "/".into(),
                request_id: REQUEST_ID.into(),
            };
            (failure.word(), page)
        };
        HallFailure::ALL.map(page).to_vec()
    }
}

impl Page for HallError {
    const TEMPLATE: &'static str = "hall_error.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |failure, retry_seconds| Self {
            failure,
            request_id: REQUEST_ID.into(),
            retry_seconds,
            home: "/".into(),
        };
        vec![
            ("not_found", with(Failure::NotFound, None)),
            ("forgery", with(Failure::Forgery, None)),
            ("bad_request", with(Failure::BadRequest, None)),
            ("method", with(Failure::Method, None)),
            ("too_large", with(Failure::TooLarge, None)),
            ("wrong_host", with(Failure::WrongHost, None)),
            ("internal", with(Failure::Internal, None)),
            ("busy", with(Failure::Busy, Some(5))),
            ("too_many", with(Failure::TooMany, Some(12))),
        ]
    }
}
