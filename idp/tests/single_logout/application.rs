//! An application in this process: it keeps every request that it got, and answers as it is told.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::kit::register;
use crate::support::{Campus, Visitor, login};

/// What it does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    Answers(u16),
    /// With a redirect to this address.
    Redirects(u16, String),
    /// Closes the connection without a word.
    Down,
    /// Says nothing until it is told otherwise.
    Hangs,
}

pub struct Application {
    pub id: String,
    pub service: String,
    pub origin: String,
    /// Host and port.
    pub lane: String,
    mode: watch::Sender<Mode>,
    got: watch::Sender<Vec<String>>,
    /// How many requests had no answer yet, at most, at any time.
    most: Arc<Mutex<usize>>,
    server: JoinHandle<()>,
}

impl Drop for Application {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A logout document, read by a strict reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Document {
    pub id: String,
    pub issued: String,
    pub name: String,
    pub session: String,
}

impl Application {
    /// Starts it, and brings it into the registry with these further keys of `cas`.
    pub async fn start(campus: &Campus, id: &str, mode: Mode, cas: serde_json::Value) -> Self {
        let mut side = json!({ "services": ["HERE/*"], "plain_http": true });
        merge(&mut side, &cas);
        Self::start_as(campus, id, mode, &json!({ "cas": side })).await
    }

    /// Starts it, and brings it into the registry with these sides, in which `HERE` is its origin.
    pub async fn start_as(
        campus: &Campus,
        id: &str,
        mode: Mode,
        sides: &serde_json::Value,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, modes) = watch::channel(mode);
        let (got, _) = watch::channel(Vec::new());
        let most = Arc::new(Mutex::new(0));
        let server = tokio::spawn(serve(listener, modes, got.clone(), Arc::clone(&most)));
        let sides = sides
            .to_string()
            .replace("HERE", &format!("http://{address}"));
        let mut entry = json!({ "id": id, "name": { "zh-CN": id, "en": id } });
        merge(&mut entry, &serde_json::from_str(&sides).unwrap());
        register(campus, &entry).await;
        Self {
            id: id.to_owned(),
            service: format!("http://{address}/app?page=1"),
            origin: format!("http://{address}"),
            lane: address.to_string(),
            mode,
            got,
            most,
            server,
        }
    }

    /// One that answers each notice with 200.
    pub async fn up(campus: &Campus, id: &str) -> Self {
        Self::start(campus, id, Mode::Answers(200), json!({})).await
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// A ticket for it, from a session.
    pub async fn ticket(&self, visitor: &mut Visitor) -> String {
        let reply = visitor.get(&login(&self.service)).await;
        let ticket = reply.ticket();
        ticket.unwrap_or_else(|| panic!("{} {}", reply.status, reply.body()))
    }

    /// Waits until it got so many requests.
    pub async fn has_got(&self, count: usize) {
        let mut got = self.got.subscribe();
        got.wait_for(|got| got.len() >= count).await.unwrap();
    }

    /// Head and body of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.got.borrow().clone()
    }

    pub fn most_at_once(&self) -> usize {
        *self.most.lock().unwrap()
    }

    /// The logout documents so far; every request must be one. // CAS 54
    pub fn documents(&self) -> Vec<Document> {
        self.requests().iter().map(|r| document(r)).collect()
    }
}

fn merge(into: &mut serde_json::Value, more: &serde_json::Value) {
    for (key, value) in more.as_object().unwrap() {
        into[key] = value.clone();
    }
}

/// The one field of a form that was posted, and nothing of anybody else beside it.
pub fn posted(request: &str) -> (String, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST "), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/x-www-form-urlencoded"));
    for none in ["cookie:", "referer:", "authorization:"] {
        assert!(!head.contains(none), "{head}");
    }
    let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let [field] = fields.try_into().unwrap();
    field
}

fn document(request: &str) -> Document {
    let (name, xml) = posted(request);
    assert_eq!(name, "logoutRequest");
    let xml = xml.as_str();
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|e| panic!("{e}: {xml}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "LogoutRequest");
    let text = |name: &str| {
        let nodes: Vec<_> = root
            .children()
            .filter(|n| n.tag_name().name() == name)
            .collect();
        assert_eq!(nodes.len(), 1, "{xml}");
        nodes[0].text().unwrap_or_default().to_owned()
    };
    Document {
        id: root.attribute("ID").unwrap().to_owned(),
        issued: root.attribute("IssueInstant").unwrap().to_owned(),
        name: text("NameID"),
        session: text("SessionIndex"),
    }
}

async fn serve(
    listener: TcpListener,
    modes: watch::Receiver<Mode>,
    got: watch::Sender<Vec<String>>,
    most: Arc<Mutex<usize>>,
) {
    let open = Arc::new(Mutex::new(0_usize));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (modes, got) = (modes.clone(), got.clone());
        let (open, most) = (Arc::clone(&open), Arc::clone(&most));
        tokio::spawn(async move {
            {
                let mut open = open.lock().unwrap();
                *open += 1;
                let mut most = most.lock().unwrap();
                *most = open.max(*most);
            }
            // A client that goes away is none of the test's faults.
            let _ = one(stream, modes, got).await;
            *open.lock().unwrap() -= 1;
        });
    }
}

async fn one(
    mut stream: TcpStream,
    mut modes: watch::Receiver<Mode>,
    got: watch::Sender<Vec<String>>,
) -> std::io::Result<()> {
    let request = read(&mut stream).await?;
    got.send_modify(|got| got.push(request));
    let mode = modes.wait_for(|mode| *mode != Mode::Hangs).await;
    let (status, location) = match mode.map(|mode| mode.clone()) {
        Ok(Mode::Answers(status)) => (status, "/elsewhere".to_owned()),
        Ok(Mode::Redirects(status, location)) => (status, location),
        _ => return Ok(()),
    };
    let answer = format!(
        "HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 2048];
        let read = stream.read(&mut buffer).await?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if whole || read == 0 {
            return Ok(text);
        }
    }
}
