//! Forms are taken only from the session, the page and the site that they were given to (SES-04):
//! a token bound to the session's cookie, and the `Origin` that browsers add to a POST.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, ORIGIN, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use themes::pages::{Failure, Form};

use crate::cookies::CookieKind;
use crate::refusal::Refusal;
use crate::secrets::same;
use crate::visit::{Context, Visit};

/// The bytes of a form: a logout token, and room.
const MOST_BYTES: usize = 16 * 1024;
const MOST_FIELDS: usize = 32;

/// The fields of a form, bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of a field; empty when there is none, or more than one.
    pub(crate) fn only(&self, name: &str) -> &str {
        let mut values = self.0.iter().filter(|(n, _)| n == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = Refusal;

    /// Only a request that went through [`admit`] has them.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.remove::<Self>().ok_or(Refusal::FORGERY)
    }
}

impl Visit {
    /// A form with its token, for somebody signed in.
    pub(crate) fn form(&self, action: &str) -> Form {
        let cookie = self.cookies.get(CookieKind::Session).unwrap_or_default();
        Form {
            action: action.to_owned(),
            csrf: token(&self.context, cookie),
            carried: Vec::new(),
        }
    }
}

fn token(context: &Context, cookie: &str) -> String {
    let keys = &context.app.keys;
    keys.form_token(CookieKind::Session.bare(), cookie)
}

/// The layer of every route that a signed-in person's form goes to.
pub(crate) async fn admit(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(context) = parts.extensions.get::<Context>().cloned() else {
        return Refusal::INTERNAL.into_response();
    };
    let fields = match read_form(&parts.headers, body).await {
        Ok(fields) => fields,
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(reason) = check(&context, &parts.headers, &fields) {
        metrics::counter!("hall_forgeries_total", "reason" => reason).increment(1);
        tracing::info!(reason, path = %context.path, "a form from elsewhere was refused");
        return Refusal::FORGERY.into_response();
    }
    parts.extensions.insert(fields);
    next.run(Request::from_parts(parts, Body::empty())).await
}

fn check(context: &Context, headers: &HeaderMap, fields: &Fields) -> Result<(), &'static str> {
    if !comes_from_us(context, headers) {
        return Err("origin");
    }
    let cookie = context
        .cookies
        .get(CookieKind::Session)
        .ok_or("no_cookie")?;
    if same(&token(context, cookie), fields.only("csrf")) {
        Ok(())
    } else {
        Err("token")
    }
}

/// Browsers name the page that posts in `Origin`, and older ones in `Referer`. Neither, or another
/// site, or `null`, is not one of our pages.
fn comes_from_us(context: &Context, headers: &HeaderMap) -> bool {
    let own = context.origin();
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    match (headers.get(ORIGIN), headers.get(REFERER)) {
        (Some(origin), _) => text(origin) == own,
        (None, Some(referer)) => {
            let referer = text(referer);
            referer == own || referer.starts_with(&format!("{own}/"))
        }
        (None, None) => false,
    }
}

/// The fields of a body that claims to be a form.
pub(crate) async fn read_form(headers: &HeaderMap, body: Body) -> Result<Fields, Refusal> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::BAD_REQUEST);
    }
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::BAD_REQUEST)?;
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(Refusal::Page(Failure::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&bytes)
        .into_owned()
        .take(MOST_FIELDS + 1)
        .collect();
    if pairs.len() > MOST_FIELDS {
        return Err(Refusal::BAD_REQUEST);
    }
    Ok(Fields(pairs))
}
