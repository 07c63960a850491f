//! The REST protocol, `/cas/v1/tickets`: tickets for programs that an application vouches for.

mod callers;
mod guessing;
mod sessions;
mod tickets;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::kit::{PASSWORD, STUDENT, register};
use crate::support::{Campus, Reply, Visitor};

pub const TICKETS: &str = "/cas/v1/tickets";
pub const PORTAL: &str = "https://portal.uni.edu.cn/app?page=1";
pub const MAIL: &str = "https://mail.uni.edu.cn/";
pub const KEY: &str = "key-of-mail";
/// SHA-256 of [`KEY`].
const KEY_SHA256: &str = "3e1c026dbca8c930dbf721d30e49dcbd20c7ad7c27ba1b85a2c94f807b71ca09";

/// The portal's server may ask from its network, the mail's from its own and with its key.
pub async fn two_applications(campus: &Campus) {
    entry(campus, "portal", json!({ "networks": ["10.8.3.0/24"] })).await;
    let mail = json!({ "networks": ["10.8.4.0/24"], "key_sha256": KEY_SHA256 });
    entry(campus, "mail", mail).await;
}

/// An application `https://ID.uni.edu.cn` with this rule.
pub async fn entry(campus: &Campus, id: &str, rest: serde_json::Value) {
    let entry = json!({ "id": id, "name": { "zh-CN": id, "en": id },
        "cas": { "services": [format!("https://{id}.uni.edu.cn/*")], "rest": rest } });
    register(campus, &entry).await;
}

/// An application's server.
#[derive(Clone)]
pub struct Server {
    pub visitor: Visitor,
    authorization: Option<String>,
    accept: &'static str,
}

impl Server {
    pub fn at(campus: &Campus, address: &str) -> Self {
        let mut visitor = campus.visitor();
        visitor.peer = Some(format!("{address}:4000").parse().unwrap());
        Self {
            visitor,
            authorization: None,
            accept: "text/plain",
        }
    }

    pub fn portal(campus: &Campus) -> Self {
        Self::at(campus, "10.8.3.7")
    }

    pub fn with_key(mut self, id: &str, key: &str) -> Self {
        let both = STANDARD.encode(format!("{id}:{key}"));
        self.authorization = Some(format!("Basic {both}"));
        self
    }

    pub fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub async fn send(&mut self, method: &str, path: &str, body: Option<String>) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", self.accept)
            .header("user-agent", "portal/1.0");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if body.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = Body::from(body.unwrap_or_default());
        self.visitor.send(request.body(body).unwrap()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send("POST", path, Some(Visitor::encode(fields))).await
    }

    pub async fn sign_in(&mut self, number: &str, password: &str) -> Reply {
        self.post(TICKETS, &[("username", number), ("password", password)])
            .await
    }

    /// The address of a ticket-granting ticket of the student's.
    pub async fn granting(&mut self) -> String {
        let reply = self.sign_in(STUDENT, PASSWORD).await;
        assert_eq!(reply.status, 201, "{}", reply.body());
        let (_, path) = reply.location().unwrap().split_once(":8080").unwrap();
        path.to_owned()
    }

    pub async fn ticket(&mut self, granting: &str, service: &str) -> Reply {
        self.post(granting, &[("service", service)]).await
    }
}

/// The word of a refusal, which is JSON and grants nothing.
#[track_caller]
pub fn fault(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.body());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.location(), None);
    assert!(reply.cookies().is_empty());
    let body: serde_json::Value = serde_json::from_slice(&reply.bytes).unwrap();
    assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
    body["error"].as_str().unwrap().to_owned()
}
