//! How clients of OpenID Connect are told of a logout: by our server with a signed token
//! (Back-Channel Logout 1.0), or by the browser in a frame (Front-Channel Logout 1.0).

use idp_domain::applications::{Application, OidcSide, OutboundUrl, Registry};
use idp_domain::oidc::jose::Typ;
use idp_domain::oidc::logout::LogoutToken;
use idp_domain::secrets::random_base62;
use idp_storage::logouts::Notice;
use jiff::Timestamp;
use url::Url;

use crate::app::App;
use crate::egress::Answer;
use crate::logout::{Channel, Protocol, Words, application};

pub const NOTICES: Protocol = Protocol {
    channel,
    words,
    by_browser,
    is_told,
};

/// Characters of a token's id: 131 bits.
const ID_CHARACTERS: usize = 22;

/// Our server, where the client takes that: it reaches it whatever becomes of the browser.
fn channel(registry: &Registry, notice: &Notice) -> Channel {
    let Some(entry) = application(registry, &notice.application) else {
        return Channel::None("unregistered");
    };
    let Some(oidc) = &entry.oidc else {
        return Channel::None("unregistered");
    };
    match (&oidc.back_channel_logout, &oidc.front_channel_logout) {
        (Some(back), _) => Channel::Back(back.uri.outbound().clone()),
        (None, Some(front)) => Channel::Front(front.uri.outbound().clone()),
        (None, None) => Channel::None("channel_none"),
    }
}

fn by_browser(application: &Application) -> bool {
    let oidc = application.oidc.as_ref();
    oidc.is_some_and(|oidc| {
        oidc.back_channel_logout.is_none() && oidc.front_channel_logout.is_some()
    })
}

fn words(
    app: &App,
    registry: &Registry,
    notice: &Notice,
    channel: &Channel,
    now: Timestamp,
) -> Option<Words> {
    let entry = application(registry, &notice.application)?;
    let oidc = entry.oidc.as_ref()?;
    match channel {
        Channel::Front(_) => Some(front(app, oidc, notice)),
        Channel::Back(_) | Channel::None(_) => back(app, oidc, notice, now),
    }
}

/// Signed anew at each try: a token is good for two minutes, and retries come after five (OIDC 83).
fn back(app: &App, oidc: &OidcSide, notice: &Notice, now: Timestamp) -> Option<Words> {
    let token = LogoutToken::new(
        app.config.server.issuer.as_str(),
        oidc.client_id.as_str(),
        &notice.subject,
        notice.grant,
        random_base62(ID_CHARACTERS, &mut app.entropy.rng()),
        now,
    );
    let algorithm = oidc.id_token_signed_response_alg;
    let signed = app
        .signing_keys
        .sign(algorithm, Typ::LogoutToken, &token, now);
    Some(vec![("logout_token", signed.ok()?)])
}

/// Front-Channel Logout 1.0 §2: both, or neither.
fn front(app: &App, oidc: &OidcSide, notice: &Notice) -> Words {
    let wanted = oidc.front_channel_logout.as_ref();
    if wanted.is_some_and(|logout| logout.session_required) {
        let issuer = app.config.server.issuer.as_str().to_owned();
        vec![("iss", issuer), ("sid", notice.grant.to_string())]
    } else {
        Vec::new()
    }
}

/// Back-Channel Logout 1.0 §2.8: what is no success is a failure.
fn is_told(_: &OutboundUrl, _: &Answer, _: &Url) -> bool {
    false
}
