//! One request: everything that handlers share, in one extractor.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT_LANGUAGE, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuditId;
use idp_domain::secrets::random_base62;
use idp_domain::signin::Destination;
use idp_storage::audit::Entry;
use rand::rngs::StdRng;
use themes::Locale;

use crate::app::App;
use crate::cookies::{CookieKind, Cookies, SetCookie};
use crate::refusal::Refusal;

/// What is known of a request before anybody handles it. Made by the outermost layer.
#[derive(Clone, Debug)]
pub struct Context {
    pub app: Arc<App>,
    pub now: Timestamp,
    pub locale: Locale,
    /// She chose it herself, by the switch.
    pub locale_chosen: bool,
    /// The client's, as configured proxies tell it; never a header of anybody else.
    pub address: IpAddr,
    pub request_id: String,
    pub cookies: Cookies,
    pub user_agent: Option<String>,
    pub path: String,
    pub query: Option<String>,
    /// The parameters by which a GET of this path shows the same page again, for the language
    /// switch: the query's, or those that a form carried.
    pub here: Vec<(String, String)>,
    /// Lower case; one of ours, once `hosts` has let it through.
    pub host: String,
    pub is_get: bool,
}

impl Context {
    pub fn read(app: &Arc<App>, parts: &Parts) -> Self {
        let headers = &parts.headers;
        // RFC 9110 §9.2.1: HEAD is safe, while a GET signs out or issues by the session's cookie.
        // Without its cookies a HEAD gets what a stranger gets, and link checkers notice nothing.
        let cookies = match parts.method {
            Method::HEAD => Cookies::read(&HeaderMap::new(), app.is_https()),
            _ => Cookies::read(headers, app.is_https()),
        };
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
        let chosen = chosen_locale(&parts.uri, &cookies);
        Self {
            now: app.clock.now(),
            locale: chosen.unwrap_or_else(|| wished_locale(app, &parts.uri, headers)),
            locale_chosen: chosen.is_some(),
            address: app
                .config
                .server
                .trusted_proxies
                .client_behind(peer, headers),
            request_id: random_base62(16, &mut app.entropy.rng()),
            cookies,
            user_agent: headers
                .get(USER_AGENT)
                .and_then(|v| v.to_str().ok())
                .map(|v| v.chars().take(256).collect()),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            here: parts
                .uri
                .query()
                .map(|query| idp_domain::form::decode_pairs(query.as_bytes()))
                .unwrap_or_default(),
            host: host(&parts.uri, headers),
            is_get: parts.method.is_safe(),
            app: Arc::clone(app),
        }
    }

    /// What this program does by itself, without anybody's request: a command.
    pub fn own(app: &Arc<App>) -> Self {
        Self {
            now: app.clock.now(),
            locale: app.themes.default_locale(),
            locale_chosen: false,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: random_base62(16, &mut app.entropy.rng()),
            cookies: Cookies::read(&HeaderMap::new(), app.is_https()),
            user_agent: None,
            path: String::new(),
            query: None,
            here: Vec::new(),
            host: app.config.server.issuer.authority().to_owned(),
            is_get: false,
            app: Arc::clone(app),
        }
    }

    /// `scheme://host` of this request, which is one of ours.
    pub fn origin(&self) -> String {
        let scheme = if self.app.is_https() { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }
}

fn host(uri: &Uri, headers: &HeaderMap) -> String {
    uri.authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| headers.get(HOST).and_then(|v| v.to_str().ok()))
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// `locale=` of the address (Apereo CAS has the same, and our switch), else the cookie that it
/// left.
fn chosen_locale(uri: &Uri, cookies: &Cookies) -> Option<Locale> {
    parameter(uri, "locale")
        .and_then(|tag| Locale::parse(&tag))
        .or_else(|| cookies.get(CookieKind::Locale).and_then(Locale::parse))
}

/// What the application wishes for, else what the browser prefers.
fn wished_locale(app: &App, uri: &Uri, headers: &HeaderMap) -> Locale {
    let wished = parameter(uri, UI_LOCALES).and_then(|list| Locale::first_of(&list));
    wished.unwrap_or_else(|| {
        let accept = headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        Locale::negotiate(accept, app.themes.default_locale())
    })
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// OpenID Connect Core §3.1.2.1, RP-Initiated Logout 1.0 §2.
const UI_LOCALES: &str = "ui_locales";

/// A request in the hands of its handler.
#[derive(Debug)]
pub struct Visit {
    pub context: Context,
    pub rng: StdRng,
    /// Goes out with the response.
    pub set_cookies: Vec<SetCookie>,
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
        let context = parts
            .extensions
            .get::<Context>()
            .cloned()
            .ok_or(Refusal::new(themes::pages::Failure::Internal))?;
        Ok(Self::new(context))
    }
}

impl Visit {
    pub fn new(context: Context) -> Self {
        Self {
            rng: context.app.entropy.rng(),
            context,
            set_cookies: Vec::new(),
        }
    }

    /// Speaks the language that a request wishes for, if she chose none herself: what her browser
    /// prefers comes after it (OpenID Connect Core §3.1.2.1 `ui_locales`).
    pub fn speak(&mut self, request: &[(String, String)]) {
        let mut lists = request.iter().filter(|(name, _)| name == UI_LOCALES);
        let wished = lists.next().and_then(|(_, list)| Locale::first_of(list));
        if let (Some(wished), false) = (wished, self.context.locale_chosen) {
            self.context.locale = wished;
        }
    }

    /// The same for what she was on the way to when it began.
    pub fn speak_as(&mut self, destination: &Destination) {
        if let Destination::Oidc { parameters } = destination {
            self.speak(parameters);
        }
    }

    /// Sets or removes a cookie with the response.
    pub fn set_cookie(&mut self, cookie: SetCookie) {
        self.set_cookies.retain(|other| other.kind != cookie.kind);
        self.set_cookies.push(cookie);
    }

    /// A cookie as the browser will have it after this response.
    pub fn cookie(&self, kind: CookieKind) -> Option<&str> {
        match self.set_cookies.iter().find(|cookie| cookie.kind == kind) {
            Some(cookie) => Some(cookie.value.as_str()).filter(|value| !value.is_empty()),
            None => self.cookies.get(kind),
        }
    }

    /// An audit row of this request, to be written in the transaction of its change.
    pub fn audit(&mut self, event: Event, outcome: Outcome) -> Entry {
        let id = AuditId::new(self.context.now, &mut self.rng);
        Entry {
            address: Some(self.context.address.to_string()),
            request_id: Some(self.context.request_id.clone()),
            ..Entry::new(id, self.context.now, event, outcome)
        }
    }

    /// A clock time of the school's zone: `14:35`.
    pub fn clock_time(&self, at: Timestamp) -> String {
        self.zoned(at).strftime("%H:%M").to_string()
    }

    /// `2026-11-21 14:35` of the school's zone.
    pub fn date_time(&self, at: Timestamp) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn zoned(&self, at: Timestamp) -> jiff::Zoned {
        at.to_zoned(self.app.config.school.timezone.get().clone())
    }
}
