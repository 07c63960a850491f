use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use tower::ServiceExt;

use super::{Campus, Reply};

/// A browser: keeps cookies, sends `Origin` with its forms, and follows nothing by itself.
#[derive(Clone)]
pub struct Visitor {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    /// Where the connection comes from; this machine unless a test says otherwise.
    pub peer: Option<SocketAddr>,
    /// What it says in `X-Forwarded-For`.
    pub forwarded_for: Option<String>,
    /// The name by which the server is reached, and the site that forms come from.
    pub origin: String,
}

pub const ORIGIN: &str = "http://localhost:8080";

impl Visitor {
    pub fn new(router: Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
            peer: None,
            forwarded_for: None,
            origin: ORIGIN.to_owned(),
        }
    }

    /// From now on she talks to another node, or to another listener.
    pub fn route_to(&mut self, router: Router) {
        self.router = router;
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = Self::form_request(path, fields).header("origin", &self.origin);
        let body = Self::encode(fields);
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub fn form_request(path: &str, _: &[(&str, &str)]) -> axum::http::request::Builder {
        Request::post(path).header("content-type", "application/x-www-form-urlencoded")
    }

    pub fn encode(fields: &[(&str, &str)]) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish()
    }

    /// Fills in the form of a page, hidden fields and all, and posts it.
    pub async fn submit(&mut self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let hidden = page.hidden();
        let mut all: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        all.retain(|(name, _)| !fields.iter().any(|(n, _)| n == name));
        all.extend_from_slice(fields);
        let action = page.action();
        self.post(&action, &all).await
    }

    /// Sends a request as it is, with the cookies.
    pub async fn send(&mut self, mut request: Request<Body>) -> Reply {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let headers = request.headers_mut();
        if !headers.contains_key("host") {
            let (_, host) = self.origin.split_once("://").unwrap();
            headers.insert("host", host.parse().unwrap());
        }
        if let Some(address) = &self.forwarded_for {
            headers.insert("x-forwarded-for", address.parse().unwrap());
        }
        if !self.cookies.is_empty() && !headers.contains_key("cookie") {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            headers.insert("cookie", cookies.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap().to_vec();
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            bytes,
        };
        for cookie in reply.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// Follows redirects on our own origin.
    pub async fn follow(&mut self, mut reply: Reply) -> Reply {
        for _ in 0..10 {
            match reply.location() {
                Some(to) if to.starts_with('/') => {
                    let to = to.to_owned();
                    reply = self.get(&to).await;
                }
                _ => return reply,
            }
        }
        panic!("redirected in circles")
    }

    /// The sign-in page for a service.
    pub async fn sign_in_page(&mut self, service: &str) -> Reply {
        self.get(&login(service)).await
    }

    /// Signs in with a password, and gives what came of it.
    pub async fn sign_in(&mut self, service: &str, number: &str, password: &str) -> Reply {
        let page = self.sign_in_page(service).await;
        let reply = self
            .submit(&page, &[("username", number), ("password", password)])
            .await;
        self.leave_the_queue(reply).await
    }

    /// On a slow machine the password hash takes longer than a page waits for it: then what the
    /// queue says in the end is what came of the attempt.
    pub async fn leave_the_queue(&mut self, mut reply: Reply) -> Reply {
        for _ in 0..1_500 {
            if reply.location() != Some("/signin/queue") && reply.page() != "queue" {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            reply = self.get("/signin/queue").await;
        }
        panic!("the line does not move")
    }

    /// Has a ticket validated, as an application's server does.
    pub async fn validate(&mut self, service: &str, ticket: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("service", service)
            .append_pair("ticket", ticket);
        let path = format!("/cas/p3/serviceValidate?{}", query.finish());
        let reply = self.get(&path).await;
        assert_eq!(reply.status, 200);
        reply.body()
    }

    /// Goes through the wizard from its first page to the redirect behind 我已完成.
    pub async fn activate(
        &mut self,
        campus: &Campus,
        first: Reply,
        phone: &str,
        password: &str,
    ) -> Reply {
        let done = self.walk_to(campus, first, phone, password, "done").await;
        self.submit(&done, &[]).await
    }
}

/// The address of the sign-in page for a service.
pub fn login(service: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("service", service);
    format!("/cas/login?{}", query.finish())
}
