//! Every way in, in one table. A route that isn't here doesn't exist; one that changes something
//! names its protection against forgery, who may use it, and what it writes into the audit trail.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, post};
use idp_domain::audit::Event;
use idp_domain::cas::MAX_SAML_REQUEST_BYTES;

use crate::app::App;
use crate::forgery::Csrf;
use crate::{account, applications, cas, oidc, pages, signin};

/// Who may use a route. A declaration: each handler asks for what it needs, and a test goes
/// through the table to see that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    Anyone,
    /// A sign-in under way, by its cookie.
    SignIn,
    /// A live SSO session.
    Session,
    /// An application's server, by what it presents.
    Application,
}

/// How a route is kept from being used too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Cached files, and servers of applications behind one address.
    Unlimited,
    /// Strangers, per client address.
    Stranger,
    /// New captchas, which cost milliseconds each (CAP-05).
    Captcha,
}

/// A way in.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// `None` only where nothing changes by the browser's will alone.
    pub csrf: Option<Csrf>,
    pub auth: Auth,
    pub rate: Rate,
    /// What it may write into the audit trail.
    pub audit: &'static [Event],
    pub(crate) handler: fn() -> MethodRouter<Arc<App>>,
}

pub(crate) const fn page(
    path: &'static str,
    auth: Auth,
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route {
        method: "GET",
        path,
        csrf: None,
        auth,
        rate: Rate::Stranger,
        audit: &[],
        handler,
    }
}

pub(crate) const fn action(
    path: &'static str,
    csrf: Csrf,
    auth: Auth,
    audit: &'static [Event],
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route {
        method: "POST",
        path,
        csrf: Some(csrf),
        auth,
        rate: Rate::Stranger,
        audit,
        handler,
    }
}

/// A ticket is checked by a server, which sends no form and has no cookie.
const fn validation(path: &'static str, handler: fn() -> MethodRouter<Arc<App>>) -> Route {
    Route {
        method: "GET",
        path,
        csrf: None,
        auth: Auth::Application,
        rate: Rate::Unlimited,
        audit: &[
            Event::TicketValidated,
            Event::TicketReplayed,
            Event::TicketMismatch,
            Event::TicketRefused,
            Event::ProxyGranted,
        ],
        handler,
    }
}

/// A program uses CAS's REST protocol: no cookie that a page elsewhere could use, and limits per
/// address, since it shows passwords.
const fn program(
    method: &'static str,
    path: &'static str,
    audit: &'static [Event],
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route {
        method,
        path,
        csrf: None,
        auth: Auth::Application,
        rate: Rate::Stranger,
        audit,
        handler,
    }
}

/// Those of no protocol of its own, and of CAS.
const OWN: &[Route] = &[
    page("/", Auth::Anyone, || get(signin::front)),
    page("/help", Auth::Anyone, || get(pages::help)),
    Route {
        rate: Rate::Unlimited,
        ..page("/assets/{version}/{name}", Auth::Anyone, || {
            get(pages::asset)
        })
    },
    // Programs of launchers ask, from few addresses; it costs no more than a cached file.
    Route {
        rate: Rate::Unlimited,
        ..page("/api/v1/applications/listed", Auth::Anyone, || {
            get(applications::listed)
        })
    },
    // CAS 3.0.3. A GET with a live session issues a ticket: that is the protocol.
    Route {
        audit: &[
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::AccessDenied,
            Event::SessionReplayed,
        ],
        ..page("/cas/login", Auth::Anyone, || get(cas::login::show))
    },
    action(
        "/cas/login",
        Csrf::Visitor,
        Auth::Anyone,
        &[
            Event::PasswordTried,
            Event::PasswordHeld,
            Event::SignedIn,
            Event::SignedOut,
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::AccessDenied,
        ],
        || post(cas::login::submit),
    ),
    // CAS 3.0.3 §2.3: signing out is a GET too; the worst that forgery gets is a sign-in page.
    Route {
        audit: &[Event::SignedOut],
        ..page("/cas/logout", Auth::Anyone, || get(cas::logout::show))
    },
    action(
        "/cas/logout",
        Csrf::Session,
        Auth::Session,
        &[Event::SignedOut],
        || post(cas::logout::submit),
    ),
    page("/cas/logout/{view}", Auth::Anyone, || {
        get(cas::logout::look)
    }),
    validation("/cas/validate", || get(cas::validate::cas1)),
    validation("/cas/serviceValidate", || get(cas::validate::cas2)),
    validation("/cas/proxyValidate", || get(cas::validate::cas2_proxy)),
    validation("/cas/p3/serviceValidate", || get(cas::validate::cas3)),
    validation("/cas/p3/proxyValidate", || get(cas::validate::cas3_proxy)),
    Route {
        method: "POST",
        ..validation("/cas/samlValidate", || {
            post(cas::validate::saml).layer(DefaultBodyLimit::max(MAX_SAML_REQUEST_BYTES))
        })
    },
    Route {
        audit: &[Event::TicketIssued, Event::ProxyRefused],
        ..validation("/cas/proxy", || get(cas::proxy::show))
    },
    program(
        "POST",
        "/cas/v1/tickets",
        &[Event::PasswordTried, Event::PasswordHeld, Event::SignedIn],
        || post(cas::rest::sign_in),
    ),
    program(
        "GET",
        "/cas/v1/tickets/{ticket}",
        &[Event::SessionReplayed],
        || get(cas::rest::look),
    ),
    program(
        "POST",
        "/cas/v1/tickets/{ticket}",
        &[
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::AccessDenied,
            Event::SessionReplayed,
        ],
        || post(cas::rest::grant),
    ),
    program(
        "DELETE",
        "/cas/v1/tickets/{ticket}",
        &[Event::SignedOut, Event::SessionReplayed],
        || delete(cas::rest::sign_out),
    ),
    Route {
        rate: Rate::Captcha,
        ..page("/signin/captcha/{file}", Auth::Anyone, || {
            get(signin::captcha::file)
        })
    },
    // What the attempt's own POST began, fetched: it goes on to the application.
    Route {
        audit: &[
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::CodeIssued,
            Event::ClientRefused,
            Event::AccessDenied,
        ],
        ..page("/signin/queue", Auth::Anyone, || get(signin::queue::show))
    },
    Route {
        audit: &[Event::SessionReplayed],
        ..page("/signin/switch", Auth::Session, || {
            get(signin::switch::show)
        })
    },
    action(
        "/signin/switch",
        Csrf::Session,
        Auth::Session,
        &[Event::SignedOut],
        || post(signin::switch::submit),
    ),
    page("/signin/switch/{view}", Auth::Anyone, || {
        get(signin::switch::look)
    }),
    page("/signin/hop/{id}", Auth::Session, || get(signin::hop::show)),
    action(
        "/signin/hop",
        Csrf::Session,
        Auth::Session,
        &[
            Event::NumberChosen,
            Event::ConsentGiven,
            Event::ConsentRefused,
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::CodeIssued,
            Event::ClientRefused,
            Event::AccessDenied,
            Event::DeviceApproved,
            Event::DeviceDenied,
        ],
        || post(signin::hop::submit),
    ),
    page("/signin/continue", Auth::SignIn, || {
        get(signin::steps::resume)
    }),
    page("/signin/activation", Auth::Anyone, || {
        get(signin::activation::show)
    }),
    action(
        "/signin/activation",
        Csrf::Visitor,
        Auth::Anyone,
        &[Event::EvidenceShown, Event::CodeRequested, Event::CodeTried],
        || post(signin::activation::submit),
    ),
    page("/signin/unlock", Auth::Anyone, || get(signin::unlock::show)),
    action(
        "/signin/unlock",
        Csrf::Visitor,
        Auth::Anyone,
        &[
            Event::CodeRequested,
            Event::CodeTried,
            Event::BrowserUnlocked,
        ],
        || post(signin::unlock::submit),
    ),
    page("/signin/evidence", Auth::SignIn, || {
        get(signin::evidence::show)
    }),
    action(
        "/signin/evidence",
        Csrf::SignIn,
        Auth::SignIn,
        &[
            Event::CodeRequested,
            Event::CodeTried,
            Event::EvidenceShown,
            Event::FlowExpired,
        ],
        || post(signin::evidence::submit),
    ),
    page("/signin/notice", Auth::SignIn, || get(signin::notice::show)),
    action(
        "/signin/notice",
        Csrf::SignIn,
        Auth::SignIn,
        &[Event::NoticeAccepted, Event::FlowExpired],
        || post(signin::notice::submit),
    ),
    page("/signin/password", Auth::SignIn, || {
        get(signin::new_password::show)
    }),
    action(
        "/signin/password",
        Csrf::SignIn,
        Auth::SignIn,
        &[Event::PasswordChanged, Event::FlowExpired],
        || post(signin::new_password::submit),
    ),
    page("/signin/phone", Auth::SignIn, || get(signin::phone::show)),
    action(
        "/signin/phone",
        Csrf::SignIn,
        Auth::SignIn,
        &[
            Event::CodeRequested,
            Event::CodeTried,
            Event::PhoneBound,
            Event::FlowExpired,
        ],
        || post(signin::phone::submit),
    ),
    page("/signin/done", Auth::SignIn, || get(signin::done::show)),
    action(
        "/signin/done",
        Csrf::SignIn,
        Auth::SignIn,
        &[
            Event::Activated,
            Event::SignedIn,
            Event::SignedOut,
            Event::TicketIssued,
            Event::ServiceRefused,
            Event::CodeIssued,
            Event::ClientRefused,
            Event::AccessDenied,
            Event::FlowExpired,
        ],
        || post(signin::done::submit),
    ),
];

/// The table.
pub const ROUTES: &[Route] = &{
    const PARTS: [&[Route]; 3] = [OWN, oidc::ROUTES, account::ROUTES];
    let mut all = [OWN[0]; PARTS[0].len() + PARTS[1].len() + PARTS[2].len()];
    let (mut part, mut within, mut at) = (0, 0, 0);
    while at < all.len() {
        if within == PARTS[part].len() {
            (part, within) = (part + 1, 0);
        }
        all[at] = PARTS[part][within];
        (within, at) = (within + 1, at + 1);
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;
    use std::collections::HashSet;

    /// Posted from applications' pages, where browsers leave our cookies out.
    const RELAYED: [(&str, &str); 2] = [("POST", "/oidc/authorize"), ("POST", "/oidc/logout")];

    #[test] // SES-04: a route that changes something has its protection, or says why not
    fn every_change_is_protected_and_audited() {
        for route in ROUTES {
            let method: Method = route.method.parse().unwrap();
            if RELAYED.contains(&(route.method, route.path)) {
                // Answered with the GET whatever it says.
                assert!(route.csrf.is_none() && route.audit.is_empty());
            } else if [Method::POST, Method::DELETE].contains(&method) {
                // A server has no cookie that a page elsewhere could use.
                let needs_none = route.auth == Auth::Application;
                assert!(
                    route.csrf.is_some() != needs_none,
                    "{} has no protection",
                    route.path
                );
                let reads = route.path == oidc::USERINFO;
                assert!(
                    reads || !route.audit.is_empty(),
                    "{} leaves no trace",
                    route.path
                );
            } else {
                assert_eq!(method, Method::GET, "{}", route.path);
                assert!(route.csrf.is_none(), "{}", route.path);
            }
        }
    }

    #[test]
    fn no_way_in_stands_twice() {
        let mut seen = HashSet::new();
        assert!(ROUTES.iter().all(|r| seen.insert((r.method, r.path))));
    }
}
