//! Samples of the pages for a stranger.

use super::{captcha, code_entry, form, library};
use crate::pages::{
    Activation, CodeEntry, Help, Notice, OldBrowser, Page, Queue, Remember, SignIn, Unlock,
};

const SIGN_IN: &str = "/cas/login?service=https%3A%2F%2Flib.example.edu%2F";
const OTHER: &str = "/cas/login?service=https%3A%2F%2Flib.example.edu%2F&again=1";

fn sign_in() -> SignIn {
    SignIn {
        form: form("/cas/login"),
        notice: None,
        username: String::new(),
        application: Some(library()),
        captcha: None,
        other_captcha: None,
        warn: false,
        remember: None,
        resume: None,
        switch: None,
        activation: "/signin/activation".into(),
        unlock: "/signin/unlock".into(),
        help: "/help".into(),
    }
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "sign_in.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let refused = |notice| Self {
            notice: Some(notice),
            username: "20230001".into(),
            ..sign_in()
        };
        let with_captcha = |notice| Self {
            captcha: Some(captcha()),
            other_captcha: Some(OTHER.into()),
            ..refused(notice)
        };
        vec![
            ("fresh", sign_in()),
            (
                "direct",
                Self {
                    application: None,
                    ..sign_in()
                },
            ),
            (
                "resume",
                Self {
                    resume: Some("/signin/password".into()),
                    switch: Some("/signin/switch".into()),
                    ..sign_in()
                },
            ),
            (
                "remember",
                Self {
                    remember: Some(Remember {
                        days: 30,
                        checked: false,
                    }),
                    ..sign_in()
                },
            ),
            (
                "ticked",
                Self {
                    warn: true,
                    remember: Some(Remember {
                        days: 7,
                        checked: true,
                    }),
                    ..refused(Notice::WrongPassword)
                },
            ),
            ("wrong", refused(Notice::WrongPassword)),
            ("missing", refused(Notice::Missing)),
            ("captcha", with_captcha(Notice::CaptchaWanted)),
            ("wrong_captcha", with_captcha(Notice::WrongCaptcha)),
            (
                "slowed",
                refused(Notice::Slowed {
                    until: "14:35".into(),
                }),
            ),
            ("second_channel", refused(Notice::SecondChannel)),
            ("switched", refused(Notice::SwitchedAccount)),
        ]
    }
}

impl Page for Queue {
    const TEMPLATE: &'static str = "queue.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let at = |place| Self {
            url: "/signin/queue?ticket=q7f3".into(),
            place,
            refresh_seconds: 3,
        };
        vec![("waiting", at(127)), ("one", at(1)), ("next", at(0))]
    }
}

impl Page for Activation {
    const TEMPLATE: &'static str = "activation.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |notice, username: &str| Self {
            form: form("/signin/activation"),
            notice,
            username: username.into(),
            captcha: captcha(),
            other_captcha: "/signin/activation?again=1".into(),
            code: None,
            sign_in: SIGN_IN.into(),
        };
        let entering = |notice| Self {
            code: Some(stranger_code()),
            ..with(Some(notice), "20230001")
        };
        vec![
            ("fresh", with(None, "")),
            (
                "wrong_captcha",
                with(Some(Notice::WrongCaptcha), "20230001"),
            ),
            ("missing", with(Some(Notice::Missing), "")),
            ("restarted", with(Some(Notice::Restarted), "20230001")),
            (
                "wrong_activation_code",
                with(Some(Notice::WrongActivationCode), "20230001"),
            ),
            ("sent", entering(Notice::CodeSent)),
            ("wrong_code", entering(Notice::WrongCode)),
        ]
    }
}

/// Nobody has proved anything yet, so not even a masked number is shown.
fn stranger_code() -> CodeEntry {
    CodeEntry {
        masked: None,
        ..code_entry()
    }
}

fn unlock() -> Unlock {
    Unlock {
        form: form("/signin/unlock"),
        notice: None,
        username: "20230002".into(),
        captcha: None,
        other_captcha: None,
        code: None,
        sign_in: SIGN_IN.into(),
    }
}

impl Page for Unlock {
    const TEMPLATE: &'static str = "unlock.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let asking = |notice| Self {
            notice,
            captcha: Some(captcha()),
            other_captcha: Some("/signin/unlock?again=1".into()),
            ..unlock()
        };
        let entering = |notice| Self {
            notice: Some(notice),
            code: Some(stranger_code()),
            ..unlock()
        };
        vec![
            ("ask", asking(None)),
            ("ask_wrong_captcha", asking(Some(Notice::WrongCaptcha))),
            (
                "ask_without_captcha",
                Self {
                    username: String::new(),
                    ..unlock()
                },
            ),
            ("sent", entering(Notice::CodeSent)),
            ("wrong_code", entering(Notice::WrongCode)),
            ("dead_code", entering(Notice::DeadCode)),
            ("limit", entering(Notice::CodeLimit)),
            (
                "sent_captcha_again",
                Self {
                    code: Some(stranger_code()),
                    ..asking(Some(Notice::CodeSent))
                },
            ),
        ]
    }
}

impl Page for Help {
    const TEMPLATE: &'static str = "help.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let help = Self {
            sign_in: "/cas/login".into(),
            activation: "/signin/activation".into(),
        };
        vec![("help", help)]
    }
}

impl Page for OldBrowser {
    const TEMPLATE: &'static str = "old_browser.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("old", Self {})]
    }
}
