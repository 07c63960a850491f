use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, PRAGMA, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Where a page's forms may lead.
#[derive(Clone, Debug)]
pub(crate) enum FormAction {
    Own,
    /// Ourselves, and after the redirect this proven origin: Chromium applies `form-action` to
    /// the redirect after a POST as well.
    OwnAnd(String),
}

/// What protects a page (SES-08, SES-09).
#[derive(Clone, Debug)]
pub(crate) struct PageHeaders {
    pub form_action: FormAction,
    /// Proven origins that the page may show in frames; our own pages have none.
    pub frames: Vec<String>,
}

impl PageHeaders {
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        let target = match &self.form_action {
            FormAction::Own => "",
            FormAction::OwnAnd(origin) => origin,
        };
        let frames = if self.frames.is_empty() {
            String::new()
        } else {
            format!("frame-src {}; ", self.frames.join(" "))
        };
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             media-src 'self'; font-src 'self'; connect-src 'self'; {frames}object-src 'none'; \
             base-uri 'none'; frame-ancestors 'none'; form-action 'self' {target}"
        );
        if let Ok(policy) = HeaderValue::from_str(policy.trim_end()) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        // `no-referrer` would make browsers post `Origin: null`, which the check of forms refuses.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        no_store(headers);
    }
}

/// CAS 3.0.3, appendix B: no cache keeps a sign-in page or a redirect with a ticket.
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(
        EXPIRES,
        HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"),
    );
}

/// Where tickets and codes appear in addresses, nobody is told where the visitor came from.
pub(crate) fn no_referrer(headers: &mut HeaderMap) {
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// What every response has, whoever made it.
pub(crate) fn every_response(headers: &mut HeaderMap, https: bool) {
    // Pages of other parts come without.
    if is_page(headers) && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let own = PageHeaders {
            form_action: FormAction::Own,
            frames: Vec::new(),
        };
        own.insert_into(headers);
    }
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "no-referrer");
    set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'none'",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    );
    if https {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
