use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::applications::ProvenRedirect;
use themes::{Frame, Locale, Page};

use super::headers::{FormAction, PageHeaders};
use crate::cookies::CookieKind;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The language stays chosen for a year.
const LOCALE_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(365 * 24);

impl Visit {
    /// A page of ours whose forms post to us.
    pub fn page(&mut self, status: StatusCode, page: &impl Page) -> Result<Response, Refusal> {
        self.page_leading_to(status, page, None)
    }

    /// A page whose form's answer redirects to `target`, which browsers then want to see in
    /// `form-action` too.
    pub fn page_leading_to(
        &mut self,
        status: StatusCode,
        page: &impl Page,
        target: Option<&str>,
    ) -> Result<Response, Refusal> {
        let headers = PageHeaders {
            form_action: target.map_or(FormAction::Own, |origin| {
                FormAction::OwnAnd(origin.to_owned())
            }),
            frames: Vec::new(),
        };
        self.page_under(status, page, &headers)
    }

    /// A page that shows these proven origins in frames. It has no form and tells nobody its
    /// address (XML-07).
    pub fn page_framing(
        &mut self,
        status: StatusCode,
        page: &impl Page,
        frames: Vec<String>,
    ) -> Result<Response, Refusal> {
        let headers = PageHeaders {
            form_action: FormAction::Own,
            frames,
        };
        let mut response = self.page_under(status, page, &headers)?;
        super::headers::no_referrer(response.headers_mut());
        Ok(response)
    }

    fn page_under(
        &mut self,
        status: StatusCode,
        page: &impl Page,
        protection: &PageHeaders,
    ) -> Result<Response, Refusal> {
        self.keep_language();
        let html = self.app.themes.render(&self.frame(), page)?;
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        protection.insert_into(headers);
        Ok(self.with_cookies(response))
    }

    /// On to one of our own addresses: 303 after a POST, 302 after a GET.
    pub fn redirect_home(&mut self, path: &str) -> Response {
        self.redirect(path)
    }

    /// On to a proven address of an application, without telling it where from.
    pub fn redirect_out(&mut self, to: &ProvenRedirect) -> Response {
        self.redirect(to.as_str())
    }

    fn redirect(&mut self, location: &str) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = if self.is_get {
            StatusCode::FOUND
        } else {
            // Never 307 or 308, which would post the password on (OID-34).
            StatusCode::SEE_OTHER
        };
        if let Ok(value) = HeaderValue::from_str(location) {
            response.headers_mut().insert(LOCATION, value);
        }
        super::headers::no_store(response.headers_mut());
        super::headers::no_referrer(response.headers_mut());
        self.with_cookies(response)
    }

    /// Adds the cookies that were set on the way.
    pub fn with_cookies(&mut self, mut response: Response) -> Response {
        let https = self.app.is_https();
        for cookie in &self.set_cookies {
            cookie.append_to(response.headers_mut(), https);
        }
        self.set_cookies.clear();
        response
    }

    fn keep_language(&mut self) {
        let asked = self.query.as_deref().is_some_and(|q| q.contains("locale="));
        if asked && self.cookies.get(CookieKind::Locale) != Some(self.locale.tag()) {
            let cookie = crate::cookies::SetCookie::lasting(
                CookieKind::Locale,
                self.locale.tag(),
                LOCALE_LIFE,
            );
            self.set_cookie(cookie);
        }
    }

    fn frame(&self) -> Frame {
        let mut frame = Frame::new(self.locale, "/help").with_links(|locale| self.here_in(locale));
        frame.demo = self.app.config.demo;
        frame
    }

    /// This address in another language. The answer to a POST is had again by the GET of the same
    /// path, with the parameters that its form carried.
    fn here_in(&self, locale: Locale) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.here.iter().filter(|(name, _)| name != "locale") {
            query.append_pair(name, value);
        }
        query.append_pair("locale", locale.tag());
        // RED-03: `//host` and `/\host` would lead to that host.
        let elsewhere = self
            .path
            .get(1..)
            .is_none_or(|p| p.starts_with(['/', '\\']));
        let path = if elsewhere { "/" } else { &self.path };
        format!("{path}?{}", query.finish())
    }
}
