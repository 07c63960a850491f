//! A client that asks for a sign-out.

use idp_domain::ids::GrantId;

use crate::application::{Application, Mode};
use crate::browser::signed_in;
use crate::client::back;
use crate::support::kit::address;
use crate::support::{Campus, Reply, Visitor};

pub const HERE: &str = "/oidc/logout";

/// A client, a browser that is signed in at it, and its ID token.
pub async fn entered(campus: &Campus) -> (Application, Visitor, String) {
    let client = back(campus, "client", Mode::Answers(200)).await;
    let (visitor, grant) = enter(campus, &client).await;
    let hint = client.id_token(campus, grant);
    (client, visitor, hint)
}

pub async fn enter(campus: &Campus, client: &Application) -> (Visitor, GrantId) {
    let visitor = signed_in(campus).await;
    let grant = client.enter(campus, &visitor).await;
    (visitor, grant)
}

pub async fn is_signed_in(visitor: &Visitor) -> bool {
    visitor.clone().get("/cas/login").await.page() == "signed_in"
}

/// Where a client wants to go on to.
pub fn bye(client: &Application) -> String {
    format!("{}/bye", client.origin)
}

/// The address at which a client with this hint asks for a sign-out, and for `more`.
pub fn leaving(client: &Application, hint: &str, more: &[(&str, &str)]) -> String {
    let bye = bye(client);
    let mut asked = vec![
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", bye.as_str()),
    ];
    asked.extend_from_slice(more);
    address(HERE, &asked)
}

#[track_caller]
pub fn assert_gone_to(reply: &Reply, to: &str) {
    let seen = (reply.status.as_u16(), reply.location());
    assert_eq!(seen, (302, Some(to)), "{}", reply.body());
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[track_caller]
pub fn assert_asks(reply: &Reply) {
    let seen = (reply.status.as_u16(), reply.location());
    assert_eq!(seen, (200, None), "{}", reply.body());
    assert_eq!(reply.page(), "sign_out");
}
