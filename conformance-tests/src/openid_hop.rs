//! A hop by OpenID Connect: somebody signed in goes to a client, which redeems the code.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use reqwest::header::HOST;
use serde_json::{Value, json};

use crate::server::Node;
use crate::suite::oidc::request::challenge;
use crate::visitor::{self, Visitor};

const CLIENT: &str = "hopped-to";
const SECRET: &str = "kept-by-a-client-that-many-hop-to";
const REDIRECT_URI: &str = "https://hopped.example.edu/signin/callback";
/// RFC 7636 §4.1. What it is costs nobody anything, so that one is enough.
const VERIFIER: &str = "a-verifier-of-a-client-that-many-people-hop-to";

/// Its entry.
pub fn entry() -> Value {
    json!({
        "id": CLIENT,
        "name": {"zh-CN": "选课", "en": "Courses"},
        "release": ["name", "affiliation"],
        "oidc": { "client_secret": SECRET, "redirect_uris": [REDIRECT_URI] },
    })
}

/// Takes a signed-in visitor there; the tokens come to the client.
pub async fn hop(visitor: &Visitor, application: &Visitor, node: &Node) -> Result<()> {
    let mut url = node.url().join("/oidc/authorize")?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid profile"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ]);
    let answer = visitor.open(url).await?;
    let answer = visitor.through(answer).await?;
    let aim = answer
        .redirect()
        .filter(|aim| aim.path() == "/signin/callback");
    let aim = aim.with_context(|| format!("no response: {}", answer.summary()))?;
    let code = aim.query_pairs().find(|(name, _)| name == "code");
    let (_, code) = code.with_context(|| format!("no code: {aim}"))?;
    let request = application
        .request(Method::POST, node.own_url("/oidc/token")?)
        .header(HOST, node.host())
        .basic_auth(CLIENT, Some(SECRET))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ]);
    let given = visitor::send(request).await?;
    ensure!(
        given.status.is_success() && given.body.contains("\"id_token\""),
        "a fresh code was refused: {} {}",
        given.summary(),
        given.body
    );
    Ok(())
}
