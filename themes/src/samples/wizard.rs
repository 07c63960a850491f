//! Samples of the first sign-in's steps.

use super::{code_entry, form, library};
use crate::pages::{
    BindPhone, CodeEntry, Done, Evidence, NewPassword, Notice, Page, PasswordFault, PrivacyNotice,
    Progress, ProgressStep, WizardStep,
};

const STEPS: [WizardStep; 5] = [
    WizardStep::Evidence,
    WizardStep::Notice,
    WizardStep::Password,
    WizardStep::Phone,
    WizardStep::Done,
];

fn at(current: WizardStep) -> Progress {
    let place = STEPS.iter().position(|&step| step == current);
    let steps = STEPS.iter().enumerate().map(|(index, &name)| ProgressStep {
        name,
        done: place.is_some_and(|place| index < place),
        current: name == current,
    });
    Progress {
        steps: steps.collect(),
    }
}

fn evidence() -> Evidence {
    Evidence {
        form: form("/signin/evidence"),
        progress: at(WizardStep::Evidence),
        notice: None,
        name: "李晓雨".into(),
        phone: Some("138****0001".into()),
        code: None,
        activation_code: false,
        help: "/help".into(),
    }
}

impl Page for Evidence {
    const TEMPLATE: &'static str = "evidence.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let entering = |notice| Self {
            notice: Some(notice),
            code: Some(code_entry()),
            ..evidence()
        };
        let code_only = |notice| Self {
            notice,
            phone: None,
            activation_code: true,
            ..evidence()
        };
        vec![
            ("phone", evidence()),
            ("sent", entering(Notice::CodeSent)),
            ("wrong_code", entering(Notice::WrongCode)),
            (
                "undelivered",
                Self {
                    notice: Some(Notice::CodeUndelivered),
                    ..evidence()
                },
            ),
            (
                "both",
                Self {
                    activation_code: true,
                    ..evidence()
                },
            ),
            (
                "both_sent",
                Self {
                    activation_code: true,
                    code: Some(CodeEntry {
                        resend_seconds: 0,
                        ..code_entry()
                    }),
                    ..evidence()
                },
            ),
            ("activation_code", code_only(None)),
            (
                "wrong_activation_code",
                code_only(Some(Notice::WrongActivationCode)),
            ),
            (
                "desk",
                Self {
                    phone: None,
                    ..evidence()
                },
            ),
        ]
    }
}

impl Page for PrivacyNotice {
    const TEMPLATE: &'static str = "privacy_notice.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |notice| Self {
            form: form("/signin/notice"),
            progress: at(WizardStep::Notice),
            notice,
            version: "2026-09".into(),
        };
        vec![
            ("fresh", with(None)),
            ("unaccepted", with(Some(Notice::NoticeUnaccepted))),
        ]
    }
}

impl Page for NewPassword {
    const TEMPLATE: &'static str = "new_password.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |notice, first| Self {
            form: form("/signin/password"),
            progress: at(WizardStep::Password),
            notice,
            least: 10,
            most: 128,
            number: "20230001".into(),
            first,
        };
        let reasons = vec![
            PasswordFault::TooShort { least: 10 },
            PasswordFault::TooWeak,
            PasswordFault::Personal,
        ];
        vec![
            ("first", with(None, true)),
            ("later", with(None, false)),
            ("bad", with(Some(Notice::BadPassword { reasons }), true)),
            (
                "every_fault",
                with(Notice::samples().into_iter().find(has_reasons), true),
            ),
        ]
    }
}

fn has_reasons(notice: &Notice) -> bool {
    matches!(notice, Notice::BadPassword { .. })
}

fn bind_phone() -> BindPhone {
    BindPhone {
        form: form("/signin/phone"),
        progress: at(WizardStep::Phone),
        notice: None,
        phone: String::new(),
        proved: None,
        code: None,
    }
}

impl Page for BindPhone {
    const TEMPLATE: &'static str = "bind_phone.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let entered = |notice| Self {
            notice: Some(notice),
            phone: "13800000001".into(),
            ..bind_phone()
        };
        let entering = |notice| Self {
            code: Some(code_entry()),
            ..entered(notice)
        };
        vec![
            ("fresh", bind_phone()),
            (
                "proved",
                Self {
                    proved: Some("138****0001".into()),
                    ..bind_phone()
                },
            ),
            ("bad_phone", entered(Notice::BadPhone)),
            ("taken", entered(Notice::PhoneTaken)),
            ("limit", entered(Notice::CodeLimit)),
            ("sent", entering(Notice::CodeSent)),
            ("wrong_code", entering(Notice::WrongCode)),
            ("dead_code", entering(Notice::DeadCode)),
        ]
    }
}

impl Page for Done {
    const TEMPLATE: &'static str = "done.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |phone: Option<&str>, application| Self {
            form: form("/signin/done"),
            progress: at(WizardStep::Done),
            name: "李晓雨".into(),
            phone: phone.map(str::to_owned),
            application,
        };
        vec![
            ("application", with(Some("138****0001"), Some(library()))),
            ("alone", with(None, None)),
        ]
    }
}
