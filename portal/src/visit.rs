//! One request: everything that handlers share, in one extractor.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use rand::rngs::StdRng;
use themes::Locale;

use crate::app::App;
use crate::cookies::{CookieKind, Cookies, SetCookie};
use crate::rate::Client;
use crate::refusal::Refusal;
use crate::secrets::random_secret;

/// What is known of a request before anybody handles it. Made by the outermost layer.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) app: Arc<App>,
    pub(crate) now: Timestamp,
    pub(crate) locale: Locale,
    pub(crate) client: Client,
    pub(crate) request_id: String,
    pub(crate) cookies: Cookies,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// Lower case; one of ours, once `hosts` has let it through.
    pub(crate) host: String,
    pub(crate) is_get: bool,
}

impl Context {
    pub(crate) fn read(app: &Arc<App>, parts: &Parts) -> Self {
        let headers = &parts.headers;
        // RFC 9110 §9.2.1: HEAD is safe. Without cookies it gets what a stranger gets.
        let none = HeaderMap::new();
        let sent = if parts.method == Method::HEAD {
            &none
        } else {
            headers
        };
        let cookies = Cookies::read(sent, app.config.is_https());
        let mut request_id = random_secret(&mut app.ambient.rng());
        request_id.truncate(16);
        Self {
            now: app.ambient.now(),
            locale: locale(app, &parts.uri, headers, &cookies),
            client: app.budgets.client(parts),
            request_id,
            cookies,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            host: host(&parts.uri, headers),
            is_get: parts.method.is_safe(),
            app: Arc::clone(app),
        }
    }

    /// `scheme://host` of this request, which is one of ours.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.app.config.url.scheme(), self.host)
    }

    /// The query's parameters, decoded, in order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let query = self.query.as_deref().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes()).into_owned()
    }
}

fn host(uri: &Uri, headers: &HeaderMap) -> String {
    uri.authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| headers.get(HOST).and_then(|v| v.to_str().ok()))
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// `locale=` of the address, else the cookie, else what the browser prefers.
fn locale(app: &App, uri: &Uri, headers: &HeaderMap, cookies: &Cookies) -> Locale {
    let asked = uri.query().and_then(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "locale")
            .and_then(|(_, value)| Locale::parse(&value))
    });
    asked
        .or_else(|| cookies.get(CookieKind::Locale).and_then(Locale::parse))
        .unwrap_or_else(|| {
            let accept = headers
                .get(ACCEPT_LANGUAGE)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default();
            Locale::negotiate(accept, app.themes.default_locale())
        })
}

/// A request in the hands of its handler.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) context: Context,
    pub(crate) rng: StdRng,
    /// Goes out with the response.
    pub(crate) set_cookies: Vec<SetCookie>,
}

impl std::ops::Deref for Visit {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.context
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let context = parts.extensions.get::<Context>().cloned();
        context.map(Self::new).ok_or(Refusal::INTERNAL)
    }
}

impl Visit {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            rng: context.app.ambient.rng(),
            context,
            set_cookies: Vec::new(),
        }
    }

    /// Sets or removes a cookie with the response.
    pub(crate) fn set_cookie(&mut self, cookie: SetCookie) {
        self.set_cookies.retain(|other| other.kind != cookie.kind);
        self.set_cookies.push(cookie);
    }

    /// The cookie that this browser is told by, given to it where it has none.
    pub(crate) fn visitor(&mut self) -> String {
        if let Some(value) = self.cookies.get(CookieKind::Visitor) {
            return value.to_owned();
        }
        let value = random_secret(&mut self.rng);
        self.set_cookie(SetCookie::session(CookieKind::Visitor, value.clone()));
        value
    }
}
