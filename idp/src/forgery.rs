//! Forms are taken only from the browser, the page and the site that they were given to
//! (SES-04, SES-05): a token bound to a cookie, and the `Origin` that browsers add to a POST.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, ORIGIN, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use idp_domain::audit::{Event, Outcome};
use idp_domain::secrets::{Tag, Use, hash_secret, random_secret};
use idp_storage::audit;
use themes::pages::{Failure, Form};

use crate::cookies::{CookieKind, SetCookie};
use crate::refusal::Refusal;
use crate::visit::{Context, Visit};

/// Which cookie the token of a form is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csrf {
    /// A stranger's browser.
    Visitor,
    /// A sign-in under way.
    SignIn,
    /// An SSO session.
    Session,
}

impl Csrf {
    fn cookie(self) -> CookieKind {
        match self {
            Self::Visitor => CookieKind::Visitor,
            Self::SignIn => CookieKind::SignIn,
            Self::Session => CookieKind::Session,
        }
    }
}

/// The bytes of a form: the longest service address, a password of 128 characters, and room.
pub const MOST_FORM_BYTES: usize = 16 * 1024;
const MOST_FIELDS: usize = 64;

/// The fields of a form that was let in.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// All of them, as they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
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
    /// A form with its token. A stranger's browser gets its cookie here; nothing is stored.
    pub fn form(&mut self, csrf: Csrf, action: &str, carried: Vec<(String, String)>) -> Form {
        if csrf == Csrf::Visitor && self.cookie(CookieKind::Visitor).is_none() {
            let value = random_secret(&mut self.rng);
            self.set_cookie(SetCookie::session(CookieKind::Visitor, value));
        }
        let token = self
            .cookie(csrf.cookie())
            .map(|cookie| token(&self.context, csrf, cookie).to_hex())
            .unwrap_or_default();
        Form {
            action: action.to_owned(),
            csrf: token,
            carried,
        }
    }
}

fn token(context: &Context, csrf: Csrf, cookie: &str) -> Tag {
    let kind = csrf.cookie().name(false);
    let bound = hash_secret(&kind, cookie);
    context
        .app
        .keys
        .mac(Use::Csrf, &[kind.as_bytes(), bound.as_bytes()])
}

/// The layer of every route that changes something: reads the form, bounded, and lets it in or
/// answers 403 and an audit row.
pub async fn admit(csrf: Csrf, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(context) = parts.extensions.get::<Context>().cloned() else {
        return Refusal::new(Failure::Internal).into_response();
    };
    // What a page elsewhere can post without asking (a text, a file) is no form of ours.
    if !is_form(&parts.headers) {
        return refuse(context, "content_type").await.into_response();
    }
    let fields = match read_form(body).await {
        Ok(fields) => fields,
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(reason) = check(&context, csrf, &parts.headers, &fields) {
        return refuse(context, reason).await.into_response();
    }
    parts.extensions.insert(fields);
    next.run(Request::from_parts(parts, Body::empty())).await
}

fn check(
    context: &Context,
    csrf: Csrf,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<(), &'static str> {
    if !comes_from_us(context, headers) {
        return Err("origin");
    }
    let cookie = context.cookies.get(csrf.cookie()).ok_or("no_cookie")?;
    let expected = token(context, csrf, cookie).to_hex();
    let given = hash_secret("csrf", fields.get("csrf"));
    if given == hash_secret("csrf", &expected) {
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

async fn refuse(context: Context, reason: &'static str) -> Refusal {
    let mut visit = Visit::new(context);
    let path = visit.path.clone();
    let entry = visit
        .audit(Event::ForgeryRefused, Outcome::Refused)
        .because(reason)
        .with("path", path);
    let written = async {
        let mut tx = visit.app.db.write().await?;
        audit::record(&mut tx, &entry).await?;
        tx.commit().await
    };
    match written.await {
        Ok(()) => Refusal::FORGERY,
        Err(error) => error.into(),
    }
}

/// Whether a body claims to be a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// No more than may be sent; a body that breaks off, or is framed wrongly, is no form (NET-01).
pub async fn read_bytes(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::BAD_REQUEST)?;
        if bytes.len() + chunk.len() > MOST_FORM_BYTES {
            return Err(Refusal::new(Failure::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The fields of a body, bounded: [`MOST_FORM_BYTES`], 64 fields.
pub async fn read_form(body: Body) -> Result<Fields, Refusal> {
    let bytes = read_bytes(body).await?;
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&bytes)
        .into_owned()
        .take(MOST_FIELDS + 1)
        .collect();
    // PostgreSQL stores no U+0000, and nobody types one (INJ-08).
    let nul = |(name, value): &(String, String)| name.contains('\0') || value.contains('\0');
    if pairs.len() > MOST_FIELDS || pairs.iter().any(nul) {
        return Err(Refusal::BAD_REQUEST);
    }
    Ok(Fields(pairs))
}
