use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::signin::Wishes;
use themes::pages::{Notice, Remember, SignIn};

use super::carried::Carried;
use crate::cookies::CookieKind;
use crate::forgery::Csrf;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The sign-in form of a protocol: where it posts, what it carries, and which application sent
/// the visitor.
#[derive(Clone, Debug)]
pub struct SignInForm {
    /// `/cas/login`
    pub action: &'static str,
    /// The protocol's request, carried along as it came.
    pub carried: Carried,
    pub application: Option<themes::Names>,
    /// Origin of the proven target, which the answer to the POST redirects to.
    pub target: Option<String>,
    /// The boxes, as they were ticked or asked for.
    pub wishes: Wishes,
}

/// What the form says this time.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub notice: Option<Notice>,
    pub username: String,
    pub captcha: bool,
}

impl SignInForm {
    /// The page. For a stranger it touches no database.
    pub fn render(
        &self,
        visit: &mut Visit,
        status: StatusCode,
        shown: Shown,
    ) -> Result<Response, Refusal> {
        let captcha = shown.captcha || visit.app.alarm_stands();
        // The answer to the POST, too, is had again by a GET of the protocol's own address.
        self.carried.page().clone_into(&mut visit.context.path);
        let pairs = self.carried.pairs().to_vec();
        visit.context.here.clone_from(&pairs);
        let query = self.carried.query();
        let page = SignIn {
            form: visit.form(Csrf::Visitor, self.action, pairs),
            notice: shown.notice,
            username: shown.username,
            application: self.application.clone(),
            warn: self.wishes.warn,
            remember: visit
                .app
                .config
                .session
                .remembered_days()
                .map(|days| Remember {
                    days,
                    checked: self.wishes.remember,
                }),
            captcha: captcha.then(|| visit.new_captcha()),
            other_captcha: captcha.then(|| {
                let here = self.carried.sign_in();
                let more = if here.contains('?') { '&' } else { '?' };
                format!("{here}{more}captcha=new")
            }),
            resume: visit
                .cookie(CookieKind::SignIn)
                .map(|_| "/signin/continue".to_owned()),
            switch: (visit.cookie(CookieKind::SignIn))
                .or(visit.cookie(CookieKind::Session))
                .map(|_| format!("/signin/switch{query}")),
            activation: format!("/signin/activation{query}"),
            unlock: format!("/signin/unlock{query}"),
            help: "/help".into(),
        };
        visit.page_leading_to(status, &page, self.target.as_deref())
    }
}
