//! What each page needs to be rendered: one struct per template, so that a handler that forgets a
//! value does not compile and a template that asks for another one fails in the tests.
//!
//! Texts are not passed: a page carries facts (`Notice::WrongPassword`), the locale has the words.

use serde::Serialize;

pub use self::{
    application::{
        AccessReason, ChooseNumber, EnterService, NoAccess, NumberOption, PostTicket,
        RefusedClient, TimeWindow,
    },
    consent::{
        Account, Consent, ConsentItem, ConsentRow, Consents, EndedAccess, OfflineAccess,
        SelectAccount,
    },
    device::{DeviceAnswered, DeviceVerify},
    hall::{
        HallError, HallFailure, HallGroup, HallHome, HallNotice, HallPerson, HallRefused, HallTile,
    },
    logout::{FrontChannel, Ledger, LedgerRow, LedgerState, Onward, SignOut, SignedOut},
};

mod application;
mod consent;
mod device;
mod hall;
mod logout;

/// A page: its template, and samples of every look that it can have.
pub trait Page: Serialize + Sized {
    /// The file under `templates/`.
    const TEMPLATE: &'static str;
    /// Every state that differs to the eye, for the tests and for designers.
    fn samples() -> Vec<(&'static str, Self)>;
}

/// A name in each language of the product; a missing one falls back to the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    pub zh_cn: String,
    pub en: String,
}

/// A form that posts back: where to, the token against forgery, and what is carried along.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Form {
    pub action: String,
    pub csrf: String,
    /// Parameters of the request, carried along as they came (`service`, `renew`, …).
    pub carried: Vec<(String, String)>,
}

/// What went wrong or well, shown above the form in a live region.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// Account or password wrong: the same for every account that could not sign in.
    WrongPassword,
    /// The captcha was wrong, used or too old.
    WrongCaptcha,
    /// A captcha is wanted now.
    CaptchaWanted,
    /// Too many tries; `until` is a clock time of the school's zone such as `14:35`.
    Slowed { until: String },
    /// Twenty failures in a day: a code to the bound contact is needed first.
    SecondChannel,
    /// A field is empty.
    Missing,
    /// The one-time code was wrong.
    WrongCode,
    /// The code is dead: too old or tried too often; a new one must be asked for.
    DeadCode,
    /// A code is on its way (also said where none is, so that nothing shows).
    CodeSent,
    /// No more codes for now: limits of number, account or day.
    CodeLimit,
    /// The message could not be delivered.
    CodeUndelivered,
    /// The number can't be read, or isn't one of the permitted countries.
    BadPhone,
    /// The number, proved to be hers, is bound to another account.
    PhoneTaken,
    /// The activation code or admission number was wrong.
    WrongActivationCode,
    /// The box under the privacy notice was not ticked.
    NoticeUnaccepted,
    /// The new password was refused; every reason at once.
    BadPassword { reasons: Vec<PasswordFault> },
    /// No device waits with this code.
    WrongUserCode,
    /// Too many of them that were none.
    UserCodeLimit,
    /// She signed out here because she asked to switch account.
    SwitchedAccount,
    /// Done: the activation of an account that could not sign in otherwise was begun anew.
    Restarted,
}

/// Why a new password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum PasswordFault {
    TooShort {
        least: u32,
    },
    TooLong {
        most: u32,
    },
    /// Typed twice, differently.
    Differs,
    /// A character that can't be typed everywhere (control characters).
    BadCharacter,
    /// Easy to guess.
    TooWeak,
    /// Among the well-known ones.
    Common,
    /// Has a part of the name, number, phone or id number in it.
    Personal,
    /// Used before, or the initial one.
    Reused,
}

/// The picture to read, or the sounds to hear.
#[derive(Clone, Debug, Serialize)]
pub struct Captcha {
    /// Sent back in the hidden field `captcha_id`; the answer goes into `captcha`.
    pub id: String,
    pub image: String,
    pub audio: String,
}

/// 保持登录, on the sign-in form: the checkbox `rememberMe`, value `true` (CAS 3.0.3 §4.1.1: not
/// ticked unless she does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Remember {
    /// How long a browser stays signed in, days.
    pub days: u32,
    pub checked: bool,
}

/// `GET /cas/login`: account and password. Fields `username`, `password`, `captcha`; checkboxes
/// `warn` and `rememberMe`, value `true`.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    pub form: Form,
    pub notice: Option<Notice>,
    pub username: String,
    /// The application that sent the visitor, when one did.
    pub application: Option<Names>,
    pub captcha: Option<Captcha>,
    /// A new captcha can be asked for here (a link; the same page with another picture).
    pub other_captcha: Option<String>,
    /// The box `warn` (CAS 3.0.3 §2.2.1) is ticked: she wants to be asked before each
    /// application.
    pub warn: bool,
    /// None: staying signed in isn't offered.
    pub remember: Option<Remember>,
    /// Where the first sign-in goes on that this browser left half-way.
    pub resume: Option<String>,
    /// 切换账号: where this browser lets go of the account that it is signed in or half-way in.
    pub switch: Option<String>,
    /// `/signin/activation…`: first sign-in with an activation code or the phone the school has.
    pub activation: String,
    /// `/signin/unlock…`: a code to the bound phone instead of waiting or of the captcha.
    pub unlock: String,
    /// 在线帮助
    pub help: String,
}

/// The waiting line for the password check.
#[derive(Clone, Debug, Serialize)]
pub struct Queue {
    /// Posts by itself after `refresh_seconds` (meta refresh of `url`, a link for those without).
    pub url: String,
    pub place: u32,
    pub refresh_seconds: u32,
}

/// One-time code entry: used by evidence, phone binding and unlock. Field `code`.
#[derive(Clone, Debug, Serialize)]
pub struct CodeEntry {
    /// `138****0001`
    pub masked: Option<String>,
    /// Seconds until another code may be asked for; 0: now.
    pub resend_seconds: u32,
    /// Minutes a code lives.
    pub minutes: u32,
}

/// `/signin/activation`: first sign-in without the initial password. Fields `username`,
/// `captcha`, `method` (`sms`, or `code` with `activation_code`) under `intent=send`; then `code`
/// under `intent=verify`.
#[derive(Clone, Debug, Serialize)]
pub struct Activation {
    pub form: Form,
    pub notice: Option<Notice>,
    pub username: String,
    pub captcha: Captcha,
    pub other_captcha: String,
    /// Present once a code was asked for (whether or not one went out).
    pub code: Option<CodeEntry>,
    pub sign_in: String,
}

/// `/signin/unlock`: a code to the bound phone, after which this browser may try again. Fields
/// `username`, `captcha`; then `code`.
#[derive(Clone, Debug, Serialize)]
pub struct Unlock {
    pub form: Form,
    pub notice: Option<Notice>,
    pub username: String,
    /// Wanted before the code is sent.
    pub captcha: Option<Captcha>,
    pub other_captcha: Option<String>,
    /// Present once a code was asked for (whether or not one went out).
    pub code: Option<CodeEntry>,
    pub sign_in: String,
}

/// Where the person stands in the wizard.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    pub steps: Vec<ProgressStep>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ProgressStep {
    pub name: WizardStep,
    pub done: bool,
    pub current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WizardStep {
    Evidence,
    Notice,
    Password,
    Phone,
    Done,
}

/// `/signin/evidence`: proves that the account is hers. Forms: `intent=send` asks for a code,
/// `intent=verify` with `code`, `intent=activation` with `activation_code`.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    pub form: Form,
    pub progress: Progress,
    pub notice: Option<Notice>,
    pub name: String,
    /// The phone that the school has; none: only an activation code serves.
    pub phone: Option<String>,
    /// Present once a code was sent.
    pub code: Option<CodeEntry>,
    /// The school hands out activation codes or knows admission numbers.
    pub activation_code: bool,
    /// Neither: the desk must help.
    pub help: String,
}

/// `/signin/notice`: the privacy notice, once per version. Field `accept`.
#[derive(Clone, Debug, Serialize)]
pub struct PrivacyNotice {
    pub form: Form,
    pub progress: Progress,
    pub notice: Option<Notice>,
    pub version: String,
}

/// `/signin/password`: the new password. Fields `password`, `password_again`.
#[derive(Clone, Debug, Serialize)]
pub struct NewPassword {
    pub form: Form,
    pub progress: Progress,
    pub notice: Option<Notice>,
    pub least: u32,
    pub most: u32,
    /// Words the password must not contain, for the meter in the browser.
    pub number: String,
    /// False when an administrator or policy asks for a change outside of the first sign-in.
    pub first: bool,
}

/// `/signin/phone`: binds a phone. `intent=send` with `phone`, `intent=verify` with `code`,
/// `intent=keep` binds the number just proved, `intent=change` goes back to entering one.
#[derive(Clone, Debug, Serialize)]
pub struct BindPhone {
    pub form: Form,
    pub progress: Progress,
    pub notice: Option<Notice>,
    pub phone: String,
    /// The number that was proved a step before, masked: it can be bound with one button.
    pub proved: Option<String>,
    /// Present once a code was sent.
    pub code: Option<CodeEntry>,
}

/// `/signin/done`: 我已完成.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    pub form: Form,
    pub progress: Progress,
    pub name: String,
    pub phone: Option<String>,
    pub application: Option<Names>,
}

/// `/cas/login` without a service, signed in.
#[derive(Clone, Debug, Serialize)]
pub struct SignedIn {
    /// Posts to the sign-out.
    pub sign_out: Form,
    /// 切换账号
    pub switch: Form,
    pub name: String,
    pub number: String,
    /// Clock times of the school's zone, `2026-11-21 13:05`.
    pub since: String,
    pub until: String,
    /// One's own account.
    pub account: String,
}

/// `/signin/switch`: asks before signing out to sign in as somebody else.
#[derive(Clone, Debug, Serialize)]
pub struct SwitchAccount {
    pub form: Form,
    pub name: String,
    pub number: String,
    pub back: String,
}

/// A service that isn't registered here, or came by an address that is no service address.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedService {
    pub sign_in: String,
    pub request_id: String,
}

/// Whatever went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// 400: the request can't be read.
    BadRequest,
    /// 403: the form came from elsewhere, or lay open too long.
    Forgery,
    /// 404
    NotFound,
    /// 405
    Method,
    /// 400: this step belongs to a sign-in that ended; begin again.
    FlowExpired,
    /// 413
    TooLarge,
    /// 421: reached by an address that isn't ours.
    WrongHost,
    /// 429
    TooMany,
    /// 500
    Internal,
    /// 503: the line is full, or the database is away.
    Busy,
}

/// The page of every failure; never says what went wrong inside.
#[derive(Clone, Debug, Serialize)]
pub struct Error {
    pub failure: Failure,
    pub request_id: String,
    pub retry_seconds: Option<u32>,
    pub sign_in: String,
}

/// `/help`: 在线帮助.
#[derive(Clone, Debug, Serialize)]
pub struct Help {
    pub sign_in: String,
    pub activation: String,
}

/// Browsers that can't show the other pages.
#[derive(Clone, Debug, Serialize)]
pub struct OldBrowser {}

/// `/dev/inbox`: the messages that the demo's SMS provider kept.
#[derive(Clone, Debug, Serialize)]
pub struct Inbox {
    pub to: String,
    pub messages: Vec<InboxMessage>,
}

#[derive(Clone, Debug, Serialize)]
pub struct InboxMessage {
    pub to: String,
    pub body: String,
    pub at: String,
}
