use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use jiff::SignedDuration;
use themes::{Frame, Locale, Page};
use url::Url;

use super::headers;
use crate::cookies::{CookieKind, SetCookie};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The language stays chosen for a year.
const LOCALE_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

impl Visit {
    /// A page of ours.
    pub(crate) fn page(
        &mut self,
        status: StatusCode,
        page: &impl Page,
    ) -> Result<Response, Refusal> {
        self.keep_language();
        let html = self.app.themes.render(&self.frame(), page)?;
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers::page(response.headers_mut(), &self.provider_origin());
        Ok(self.with_cookies(response))
    }

    fn provider_origin(&self) -> String {
        Url::parse(&self.app.config.issuer)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default()
    }

    /// On to one of our own paths, which [`crate::signin::own_path`] has seen, or to an address
    /// that the provider's metadata name: 303 after a POST, 302 after a GET.
    pub(crate) fn redirect(&mut self, location: &str) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = if self.is_get {
            StatusCode::FOUND
        } else {
            StatusCode::SEE_OTHER
        };
        if let Ok(value) = HeaderValue::from_str(location) {
            response.headers_mut().insert(LOCATION, value);
        }
        headers::no_store(response.headers_mut());
        headers::no_referrer(response.headers_mut());
        self.with_cookies(response)
    }

    /// Adds the cookies that were set on the way.
    fn with_cookies(&mut self, mut response: Response) -> Response {
        let https = self.app.config.is_https();
        for cookie in self.set_cookies.drain(..) {
            cookie.append_to(response.headers_mut(), https);
        }
        response
    }

    fn keep_language(&mut self) {
        let asked = self.parameters().any(|(name, _)| name == "locale");
        if asked && self.cookies.get(CookieKind::Locale) != Some(self.locale.tag()) {
            let tag = self.locale.tag();
            self.set_cookie(SetCookie::lasting(CookieKind::Locale, tag, LOCALE_LIFE));
        }
    }

    fn frame(&self) -> Frame {
        // 在线帮助 is the provider's.
        let help = self.app.config.provider_page("/help");
        let mut frame = Frame::new(self.locale, &help).with_links(|locale| self.here_in(locale));
        frame.demo = self.app.config.demo;
        frame
    }

    /// This address in another language.
    fn here_in(&self, locale: Locale) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        // The search alone is the page's own; a code or state would be said back.
        for (name, value) in self.parameters().filter(|(name, _)| name == "q") {
            query.append_pair(&name, &value);
        }
        query.append_pair("locale", locale.tag());
        format!("/?{}", query.finish())
    }
}
