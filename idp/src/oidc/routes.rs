//! OpenID Connect's part of the table (`crate::routes`).

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, post};
use idp_domain::audit::Event;
use idp_domain::signin::DEVICE_PAGE;

use super::{DEVICE, INTROSPECT, PAR, REGISTER, REVOKE, TOKEN, USERINFO};
use super::{
    authorize, cors, device, discovery, introspect, logout, par, register, revoke, token, userinfo,
};
use crate::app::App;
use crate::forgery::Csrf;
use crate::routes::{Auth, Rate, Route, action, page};

/// What anybody may read, and caches keep.
const fn document(path: &'static str, handler: fn() -> MethodRouter<Arc<App>>) -> Route {
    Route {
        rate: Rate::Unlimited,
        ..page(path, Auth::Anyone, handler)
    }
}

/// A client's own request (RFC 6749 §3.2): it shows who it is by what it sends, and never by a
/// cookie. A page of its own may be asked by the browser first. Servers of applications send them
/// by the thousand from one address; of clients that anybody can say to be, the handler counts
/// them (`client_auth::identify`).
const fn client(
    path: &'static str,
    audit: &'static [Event],
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route {
        method: "POST",
        path,
        csrf: None,
        auth: Auth::Application,
        rate: Rate::Unlimited,
        audit,
        handler,
    }
}

/// Every way in of the protocol.
pub const ROUTES: &[Route] = &[
    document("/.well-known/openid-configuration", || get(discovery::show)),
    document("/.well-known/oauth-authorization-server", || {
        get(discovery::show)
    }),
    document("/oidc/jwks", || get(discovery::jwks)),
    // OpenID Connect Core §3.1.2. A GET with a live session issues a code: that is the protocol.
    Route {
        audit: &[
            Event::CodeIssued,
            Event::ClientRefused,
            Event::AccessDenied,
            Event::SessionReplayed,
        ],
        ..page("/oidc/authorize", Auth::Anyone, || get(authorize::show))
    },
    // From the application's page, without our cookies: answered with the GET, nothing else.
    Route {
        method: "POST",
        ..page("/oidc/authorize", Auth::Anyone, || post(authorize::relay))
    },
    action(
        "/oidc/login",
        Csrf::Visitor,
        Auth::Anyone,
        &[
            Event::PasswordTried,
            Event::PasswordHeld,
            Event::SignedIn,
            Event::SignedOut,
            Event::CodeIssued,
            Event::ClientRefused,
            Event::AccessDenied,
        ],
        || post(authorize::submit),
    ),
    client(PAR, &[Event::ClientAuthRefused], || post(par::push)),
    client(
        DEVICE,
        &[Event::ClientAuthRefused, Event::DeviceAsked],
        || post(device::ask),
    ),
    Route {
        audit: &[Event::SessionReplayed],
        ..page(DEVICE_PAGE, Auth::Session, || get(device::show))
    },
    action(
        DEVICE_PAGE,
        Csrf::Session,
        Auth::Session,
        &[Event::AccessDenied],
        || post(device::submit),
    ),
    client(
        TOKEN,
        &[
            Event::ClientAuthRefused,
            Event::DeviceRedeemed,
            Event::CodeRedeemed,
            Event::CodeReplayed,
            Event::CodeRefused,
            Event::TokenRefreshed,
            Event::RefreshRefused,
            Event::RefreshReused,
            Event::ClientTokenIssued,
        ],
        || post(token::token).options(cors::preflight),
    ),
    client(INTROSPECT, &[Event::ClientAuthRefused], || {
        post(introspect::introspect)
    }),
    client(
        REVOKE,
        &[Event::ClientAuthRefused, Event::TokenRevoked],
        || post(revoke::revoke).options(cors::preflight),
    ),
    // OpenID Connect Core §5.3.1: the same by GET and by POST, and a read either way.
    Route {
        method: "GET",
        ..client(USERINFO, &[], || get(userinfo::userinfo))
    },
    client(USERINFO, &[], || {
        post(userinfo::userinfo).options(cors::preflight)
    }),
    // RFC 7591 §3, RFC 7592 §2: nothing is there unless the configuration says so.
    Route {
        rate: Rate::Stranger,
        ..client(
            REGISTER,
            &[Event::ClientRegistered, Event::ApplicationChanged],
            || post(register::register),
        )
    },
    Route {
        method: "GET",
        rate: Rate::Stranger,
        ..client("/oidc/register/{client_id}", &[], || get(register::show))
    },
    Route {
        method: "DELETE",
        rate: Rate::Stranger,
        ..client(
            "/oidc/register/{client_id}",
            &[Event::ClientUnregistered, Event::ApplicationRemoved],
            || delete(register::unregister),
        )
    },
    // RP-Initiated Logout 1.0 §2.
    Route {
        audit: &[Event::SignedOut],
        ..page("/oidc/logout", Auth::Anyone, || get(logout::show))
    },
    // From the application's page, without our cookies: answered with the GET, nothing else.
    Route {
        method: "POST",
        ..page("/oidc/logout", Auth::Anyone, || post(logout::relay))
    },
    action(
        "/oidc/logout/confirm",
        Csrf::Session,
        Auth::Session,
        &[Event::SignedOut],
        || post(logout::confirm),
    ),
    page("/oidc/logout/{view}", Auth::Anyone, || get(logout::look)),
];
