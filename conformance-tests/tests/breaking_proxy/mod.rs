//! Stands in front of a provider and breaks one thing of choice.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Method, Response, StatusCode};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    LosesState,
    LosesIssuer,
    ForgetsNonce,
    ForgetsPrompt,
    ForgetsMaxAge,
    RepeatsCredentials,
    LetsCachesKeepIt,
    TakesTokenRequestsByGet,
    HasNoChallenge,
    PublishesPrivateKey,
    TellsAnotherSubject,
    ForgetsProofs,
    TellsOfInactiveTokens,
    TakesAnyUriForAnError,
    ForgetsChallengeMethod,
    ForgetsResponseMode,
    GivesCodesUnpushed,
    TakesAnyPush,
    TakesBoundTokensFromAnybody,
}

#[derive(Clone)]
pub struct Proxy {
    defect: Arc<Mutex<Defect>>,
    http: reqwest::Client,
    behind: Url,
}

impl Proxy {
    /// In front of a port of loopback; it ends with the runtime of the test.
    pub fn start(listener: std::net::TcpListener, behind: u16) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        let proxy = Self {
            defect: Arc::new(Mutex::new(Defect::None)),
            http,
            behind: format!("http://127.0.0.1:{behind}").parse()?,
        };
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(proxy)
    }

    /// From now on this is wrong.
    pub fn break_it(&self, defect: Defect) {
        *self.defect.lock().unwrap() = defect;
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response<Body> {
    let defect = *proxy.defect.lock().unwrap();
    let (mut head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let mut body = to_bytes(body, 4 << 20).await.unwrap().to_vec();
    let mut url = proxy.behind.join(&head.uri.to_string()).unwrap();
    let is_post = head.method == Method::POST;
    match defect {
        Defect::ForgetsNonce => without(&mut url, "nonce"),
        Defect::ForgetsPrompt => without(&mut url, "prompt"),
        Defect::ForgetsMaxAge => without(&mut url, "max_age"),
        Defect::ForgetsChallengeMethod => {
            replace(&mut url, "code_challenge_method", |_| "S256".to_owned());
        }
        Defect::ForgetsResponseMode => without(&mut url, "response_mode"),
        Defect::ForgetsProofs => drop(head.headers.remove("dpop")),
        Defect::TakesTokenRequestsByGet if path == "/token" && head.method == Method::GET => {
            head.method = Method::POST;
            body = url.query().unwrap_or_default().as_bytes().to_vec();
            url.set_query(None);
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            head.headers.insert("content-type", form);
        }
        Defect::GivesCodesUnpushed if path == "/auth" => {
            if let Some(given) = given_away(&url) {
                return given;
            }
        }
        _ => {}
    }
    head.headers.remove(CONTENT_LENGTH);
    let call = proxy.http.request(head.method, url).headers(head.headers);
    let answer = call.body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    let bytes = answer.bytes().await.unwrap();
    let mut response = response.body(bytes.to_vec()).unwrap();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove(TRANSFER_ENCODING);
    spoil(defect, &path, is_post, &mut response);
    response.map(Body::from)
}

/// A code for a request of the FAPI client that wasn't pushed.
fn given_away(url: &Url) -> Option<Response<Body>> {
    let value = |name: &str| url.query_pairs().find(|(known, _)| known == name);
    value("client_id").filter(|(_, id)| id == "conformance-fapi")?;
    let (_, uri) = value("redirect_uri")?;
    let mut aim = Url::parse(&uri).ok()?;
    aim.query_pairs_mut().append_pair("code", "given-away");
    let response = Response::builder().status(StatusCode::SEE_OTHER);
    response
        .header(LOCATION, aim.as_str())
        .body(Body::empty())
        .ok()
}

/// Breaks an answer.
fn spoil(defect: Defect, path: &str, is_post: bool, response: &mut Response<Vec<u8>>) {
    match defect {
        Defect::LosesState => aim_without(response, "state"),
        Defect::LosesIssuer => aim_without(response, "iss"),
        Defect::RepeatsCredentials if is_post && response.status() == StatusCode::SEE_OTHER => {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        }
        Defect::LetsCachesKeepIt => drop(response.headers_mut().remove(CACHE_CONTROL)),
        Defect::HasNoChallenge => drop(response.headers_mut().remove(WWW_AUTHENTICATE)),
        Defect::PublishesPrivateKey if path == "/jwks" => {
            rewrite(response, |body| body["keys"][0]["d"] = json!("AA"));
        }
        Defect::TellsAnotherSubject if path == "/me" => {
            rewrite(response, |body| body["sub"] = json!("somebody-else"));
        }
        Defect::TellsOfInactiveTokens if path == "/token/introspection" => {
            rewrite(response, |body| body["client_id"] = json!("whose-it-is"));
        }
        Defect::TakesAnyPush if path == "/request" && response.status() == 400 => {
            *response.status_mut() = StatusCode::CREATED;
            let taken = json!({ "request_uri": "urn:example:taken", "expires_in": 60 });
            *response.body_mut() = taken.to_string().into_bytes();
        }
        Defect::TakesBoundTokensFromAnybody
            if path == "/me" && response.status().is_client_error() =>
        {
            *response.status_mut() = StatusCode::OK;
            *response.body_mut() = json!({ "sub": "somebody" }).to_string().into_bytes();
        }
        Defect::TakesAnyUriForAnError if path == "/auth" && response.status() == 400 => {
            *response.status_mut() = StatusCode::FOUND;
            let aim =
                HeaderValue::from_static("https://unregistered.invalid/?error=invalid_request");
            response.headers_mut().insert(LOCATION, aim);
        }
        _ => {}
    }
}

fn rewrite(response: &mut Response<Vec<u8>>, change: impl Fn(&mut Value)) {
    let body = serde_json::from_slice::<Value>(response.body());
    if let Some(mut body) = body.ok().filter(|body| body.get("error").is_none()) {
        change(&mut body);
        *response.body_mut() = body.to_string().into_bytes();
    }
}

fn aim_without(response: &mut Response<Vec<u8>>, name: &str) {
    let aim = response.headers().get(LOCATION);
    let aim = aim.and_then(|aim| Url::parse(aim.to_str().ok()?).ok());
    if let Some(mut aim) = aim {
        without(&mut aim, name);
        let aim = HeaderValue::from_str(aim.as_str()).unwrap();
        response.headers_mut().insert(LOCATION, aim);
    }
}

fn without(url: &mut Url, name: &str) {
    if url.query_pairs().any(|(known, _)| known == name) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kept = pairs.iter().filter(|(known, _)| known != name);
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
}

fn replace(url: &mut Url, name: &str, value: impl Fn(&str) -> String) {
    if url.query_pairs().any(|(known, _)| known == name) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let changed = pairs.into_iter().map(|(known, old)| {
            let new = if known == name { value(&old) } else { old };
            (known, new)
        });
        url.query_pairs_mut()
            .clear()
            .extend_pairs(changed.collect::<Vec<_>>());
    }
}
