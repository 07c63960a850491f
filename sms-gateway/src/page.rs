use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::tz::TimeZone;
use serde::Deserialize;
use themes::{Frame, Locale, Themes, pages};

use crate::{BadPhoneNumber, Inbox, InboxMessage, PhoneNumber};

/// As many as a page shows.
const SHOWN: u32 = 100;

#[derive(Clone)]
struct Pages {
    inbox: Inbox,
    themes: Arc<Themes>,
    zone: TimeZone,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    to: String,
    #[serde(default)]
    locale: String,
}

/// `GET /dev/inbox?to=NUMBER`: the messages that the inbox keeps, times in `zone`.
///
/// It shows everybody's codes to everybody: mount it only where there is nothing to protect.
pub fn inbox_router(inbox: Inbox, themes: Arc<Themes>, zone: TimeZone) -> Router {
    Router::new()
        .route("/dev/inbox", get(show))
        .with_state(Pages {
            inbox,
            themes,
            zone,
        })
}

async fn show(
    State(pages): State<Pages>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let messages = match wanted(&asked.to) {
        Ok(to) => pages.inbox.messages(to.as_ref(), SHOWN).await,
        Err(_) => Ok(Vec::new()),
    };
    match messages {
        Ok(messages) => pages.render(&asked, &headers, messages),
        Err(error) => {
            tracing::error!(%error, "the inbox can't be read");
            (StatusCode::SERVICE_UNAVAILABLE, "503\n").into_response()
        }
    }
}

/// Nothing asked for is everything.
fn wanted(to: &str) -> Result<Option<PhoneNumber>, BadPhoneNumber> {
    if to.trim().is_empty() {
        return Ok(None);
    }
    PhoneNumber::parse(to).map(Some)
}

impl Pages {
    fn render(&self, asked: &Asked, headers: &HeaderMap, messages: Vec<InboxMessage>) -> Response {
        let page = pages::Inbox {
            to: asked.to.clone(),
            messages: messages.into_iter().map(|m| self.shown(m)).collect(),
        };
        let mut frame = Frame::new(self.locale(asked, headers), "");
        frame.demo = true;
        match self.themes.render(&frame, &page) {
            // Codes are not for any cache.
            Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "the inbox can't be shown");
                (StatusCode::INTERNAL_SERVER_ERROR, "500\n").into_response()
            }
        }
    }

    fn shown(&self, message: InboxMessage) -> pages::InboxMessage {
        let at = message.received_at.to_zoned(self.zone.clone());
        pages::InboxMessage {
            to: message.number,
            body: message.body,
            at: at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }

    fn locale(&self, asked: &Asked, headers: &HeaderMap) -> Locale {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Locale::parse(&asked.locale)
            .unwrap_or_else(|| Locale::negotiate(accepted, self.themes.default_locale()))
    }
}
