//! Samples of every page: what the tests render, what an overlay is checked with at the start,
//! and what a designer looks at (`cargo run -p themes --example gallery -- FOLDER`).

mod application;
mod consent;
mod device;
mod hall;
mod logout;
mod session;
mod sign_in;
mod wizard;

use serde_json::Value;

use crate::pages::{self, Captcha, CodeEntry, Form, Names, Notice, Page, PasswordFault};

/// One look of one page.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The file under `templates/`.
    pub template: &'static str,
    /// Unlike the other samples' of the page; fit for a file name.
    pub name: &'static str,
    /// The page as a template sees it.
    pub page: Value,
}

/// Every sample of every page.
pub fn every_sample() -> Vec<Sample> {
    let mut all = Vec::new();
    add::<pages::SignIn>(&mut all);
    add::<pages::Queue>(&mut all);
    add::<pages::Activation>(&mut all);
    add::<pages::Unlock>(&mut all);
    add::<pages::Evidence>(&mut all);
    add::<pages::PrivacyNotice>(&mut all);
    add::<pages::NewPassword>(&mut all);
    add::<pages::BindPhone>(&mut all);
    add::<pages::Done>(&mut all);
    add::<pages::SignedIn>(&mut all);
    add::<pages::SignOut>(&mut all);
    add::<pages::SignedOut>(&mut all);
    add::<pages::SwitchAccount>(&mut all);
    add::<pages::RefusedService>(&mut all);
    add::<pages::RefusedClient>(&mut all);
    add::<pages::NoAccess>(&mut all);
    add::<pages::EnterService>(&mut all);
    add::<pages::ChooseNumber>(&mut all);
    add::<pages::SelectAccount>(&mut all);
    add::<pages::Consent>(&mut all);
    add::<pages::DeviceVerify>(&mut all);
    add::<pages::DeviceAnswered>(&mut all);
    add::<pages::PostTicket>(&mut all);
    add::<pages::Account>(&mut all);
    add::<pages::Consents>(&mut all);
    add::<pages::Error>(&mut all);
    add::<pages::Help>(&mut all);
    add::<pages::OldBrowser>(&mut all);
    add::<pages::Inbox>(&mut all);
    add::<pages::HallHome>(&mut all);
    add::<pages::HallRefused>(&mut all);
    add::<pages::HallError>(&mut all);
    all
}

fn add<P: Page>(all: &mut Vec<Sample>) {
    for (name, page) in P::samples() {
        // A page is made of strings, numbers, lists and structs; null would fail every test.
        let page = serde_json::to_value(&page).unwrap_or_default();
        all.push(Sample {
            template: P::TEMPLATE,
            name,
            page,
        });
    }
}

impl Notice {
    /// One of each kind, with every reason that a password can be refused for.
    pub fn samples() -> Vec<Self> {
        let reasons = vec![
            PasswordFault::TooShort { least: 10 },
            PasswordFault::TooLong { most: 128 },
            PasswordFault::Differs,
            PasswordFault::BadCharacter,
            PasswordFault::TooWeak,
            PasswordFault::Common,
            PasswordFault::Personal,
            PasswordFault::Reused,
        ];
        vec![
            Self::WrongPassword,
            Self::WrongCaptcha,
            Self::CaptchaWanted,
            Self::Slowed {
                until: "14:35".into(),
            },
            Self::SecondChannel,
            Self::Missing,
            Self::WrongCode,
            Self::DeadCode,
            Self::CodeSent,
            Self::CodeLimit,
            Self::CodeUndelivered,
            Self::BadPhone,
            Self::PhoneTaken,
            Self::WrongActivationCode,
            Self::NoticeUnaccepted,
            Self::BadPassword { reasons },
            Self::WrongUserCode,
            Self::UserCodeLimit,
            Self::SwitchedAccount,
            Self::Restarted,
        ]
    }
}

const REQUEST_ID: &str = "01JD-3Z8Q-4WTR";

fn form(action: &str) -> Form {
    Form {
        action: action.into(),
        csrf: "m2Zk1yXvQ8w0bT7r".into(),
        carried: vec![("service".into(), "https://lib.example.edu/?a=1&b=2".into())],
    }
}

fn captcha() -> Captcha {
    Captcha {
        id: "01JD3Z8Q4W".into(),
        image: "/captcha/01JD3Z8Q4W.png".into(),
        audio: "/captcha/01JD3Z8Q4W.wav".into(),
    }
}

fn code_entry() -> CodeEntry {
    CodeEntry {
        masked: Some("138****0001".into()),
        resend_seconds: 58,
        minutes: 5,
    }
}

fn names(zh_cn: &str, en: &str) -> Names {
    Names {
        zh_cn: zh_cn.into(),
        en: en.into(),
    }
}

fn library() -> Names {
    names("图书馆", "Library")
}
