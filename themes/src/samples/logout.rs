//! Samples of the page after the sign-out.

use super::{form, library, names};
use crate::pages::{
    FrontChannel, Ledger, LedgerRow, LedgerState, Names, Onward, Page, SignOut, SignedOut,
};

fn mail() -> Names {
    names("电子邮箱", "Mail")
}

/// A ledger of these states, one application each.
fn ledger(states: &[LedgerState]) -> Ledger {
    let applications = [
        library(),
        mail(),
        names("教务系统", "Academic Affairs"),
        names("校园网自助服务", "Network Self-Service"),
        names("财务报销平台", "Expense Claims"),
        names("研究生学位论文开题、中期检查与答辩管理系统", "Theses"),
    ];
    let count = |state| {
        let of_it = states.iter().filter(|&&one| one == state).count();
        u32::try_from(of_it).unwrap_or_default()
    };
    let moves = |state: &LedgerState| matches!(state, LedgerState::Waiting | LedgerState::Retrying);
    Ledger {
        delivered: count(LedgerState::Delivered),
        told: count(LedgerState::Told) + count(LedgerState::Shown),
        retrying: count(LedgerState::Retrying),
        failed: count(LedgerState::Failed),
        rows: applications
            .into_iter()
            .zip(states)
            .map(|(application, &state)| LedgerRow { application, state })
            .collect(),
        refresh_url: "/cas/logout/9fK2mXw8nRkYc7TzE1bJp".into(),
        refresh_seconds: states.iter().any(moves).then_some(3),
        until: "14:45".into(),
    }
}

impl Page for SignOut {
    const TEMPLATE: &'static str = "sign_out.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let asked = Self {
            form: form("/oidc/logout/confirm"),
            application: Some(library()),
            name: "李晓雨".into(),
            number: "20230001".into(),
            cancel: "/cas/login".into(),
        };
        let nobody = Self {
            application: None,
            ..asked.clone()
        };
        let long = Self {
            application: Some(names(
                "研究生学位论文开题、中期检查与答辩管理系统",
                "Postgraduate Thesis Proposal, Review and Defence Management",
            )),
            ..asked.clone()
        };
        vec![("asked", asked), ("nobody", nobody), ("long", long)]
    }
}

impl Page for SignedOut {
    const TEMPLATE: &'static str = "signed_out.html";

    fn samples() -> Vec<(&'static str, Self)> {
        use LedgerState::{Delivered, Failed, Retrying, Shown, Told, Waiting};
        let plain = |ended| Self {
            sign_in: "/cas/login".into(),
            ended,
            ledger: None,
            front: Vec::new(),
            onward: None,
        };
        let with = |states: &[LedgerState]| Self {
            ledger: Some(ledger(states)),
            ..plain(true)
        };
        let onward = Some(Onward {
            url: "https://lib.example.edu/bye?a=1&b=2".into(),
            application: library(),
        });
        let front = vec![FrontChannel {
            application: mail(),
            url: "https://mail.example.edu/slo?logoutRequest=PHNhbWxw&x=1".into(),
        }];
        vec![
            ("ended", plain(true)),
            ("nobody", plain(false)),
            ("waiting", with(&[Waiting, Waiting, Waiting])),
            ("all", with(&[Delivered; 5])),
            ("one", with(&[Delivered])),
            (
                "retrying",
                with(&[
                    Delivered, Delivered, Delivered, Delivered, Delivered, Retrying,
                ]),
            ),
            (
                "told",
                with(&[Delivered, Delivered, Delivered, Told, Shown, Retrying]),
            ),
            ("told_alone", with(&[Told])),
            ("none_yet", with(&[Retrying, Waiting])),
            (
                "failed",
                with(&[Delivered, Failed, Delivered, Retrying, Shown, Failed]),
            ),
            ("failed_alone", with(&[Failed])),
            (
                "front",
                Self {
                    front: front.clone(),
                    ..with(&[Delivered, Shown])
                },
            ),
            (
                "onward",
                Self {
                    front: front.clone(),
                    onward: onward.clone(),
                    ..with(&[Delivered, Shown, Waiting])
                },
            ),
            (
                "onward_only",
                Self {
                    front,
                    onward,
                    ..plain(true)
                },
            ),
        ]
    }
}
