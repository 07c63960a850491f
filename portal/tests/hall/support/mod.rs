//! A hall, an identity provider that can be told to lie, and a browser that carries cookies
//! between them.
pub mod keys;
pub mod provider;
pub mod refresh;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use migrations::PORTAL;
use migrations::testing::{TestDb, engines};
use portal::{Ambient, Client, ClientSecret, Clients, Config, Hall, HallKey, HallParts};
use provider::FakeProvider;
use rand::SeedableRng;
use rand::rngs::StdRng;
use themes::{ThemeOptions, Themes};
use tokio::sync::watch;
use tower::ServiceExt;
use url::Url;

pub const ORIGIN_OF_HALL: &str = "http://localhost:8090";
pub const SECRET: &str = "a secret of the hall, long enough";

/// A clock that only a test moves.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn new() -> Self {
        let start: Timestamp = "2026-11-21T05:00:00Z".parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

/// A hall on a fresh database, and its provider.
pub struct Stage {
    pub provider: FakeProvider,
    pub clock: Clock,
    pub hall: Hall,
    pub router: Router,
    pub db: TestDb,
}

/// One stage for each engine.
pub async fn stages() -> Vec<Stage> {
    let mut all = Vec::new();
    for db in engines(&[PORTAL]).await {
        all.push(Stage::on(db).await);
    }
    all
}

/// On SQLite alone, for what has nothing to do with rows.
pub async fn stage() -> Stage {
    let db = engines(&[PORTAL]).await.next().unwrap();
    Stage::on(db).await
}

impl Stage {
    pub async fn on(db: TestDb) -> Self {
        let clock = Clock::new();
        let provider = FakeProvider::start(clock.clone()).await;
        let hall = hall(&db, &provider.issuer, &clock).await;
        Self {
            router: hall.router(),
            provider,
            clock,
            hall,
            db,
        }
    }

    /// A second node on the same rows.
    pub async fn another_node(&self) -> Hall {
        hall(&self.db, &self.provider.issuer, &self.clock).await
    }

    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// A browser that is signed in.
    pub async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        let asked = browser.begin("/").await;
        let reply = browser.come_back(&self.provider, &asked).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.body);
        browser
    }
}

pub async fn hall(db: &TestDb, issuer: &str, clock: &Clock) -> Hall {
    Hall::start(parts(db, issuer, clock)).await.unwrap()
}

pub fn parts(db: &TestDb, issuer: &str, clock: &Clock) -> HallParts {
    let clock = clock.clone();
    let seed = AtomicI64::new(1);
    let ambient = Ambient::new(
        move || clock.now(),
        move || StdRng::seed_from_u64(seed.fetch_add(1, Ordering::SeqCst).unsigned_abs()),
    );
    HallParts {
        config: Config {
            url: Url::parse(ORIGIN_OF_HALL).unwrap(),
            issuer: issuer.to_owned(),
            client_id: "hall".into(),
            client_secret: ClientSecret::new(SECRET),
            authorities: None,
            life: SignedDuration::from_hours(8),
            idle: SignedDuration::from_hours(2),
            patience: Config::PATIENCE,
            demo: false,
        },
        db: (**db).clone(),
        key: HallKey::new([7; 32]),
        themes: Arc::new(Themes::load(&ThemeOptions::default()).unwrap()),
        ambient,
        clients: Clients::new(client, 10_000, 10_000),
    }
}

/// A peer is a client; those of 10.0.0.0/8 are the campus.
pub fn client(peer: IpAddr, _: &HeaderMap) -> Client {
    Client {
        network: peer,
        is_campus: peer.to_string().starts_with("10."),
    }
}

/// Runs the hall's jobs until dropped.
pub fn jobs(hall: &Hall) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    let mut jobs = hall.start_jobs(&stopped);
    tokio::spawn(async move { while jobs.join_next().await.is_some() {} });
    stop
}

/// An answer of the hall.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn location(&self) -> String {
        self.headers[LOCATION].to_str().unwrap().to_owned()
    }

    pub fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    /// The page of a refused sign-in.
    pub fn failure(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("data-failure=\"")?;
        rest.split('"').next()
    }
}

#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Reply {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = request.header(COOKIE, cookies.join("; "));
        if request
            .headers_ref()
            .is_some_and(|headers| !headers.contains_key(HOST))
        {
            request = request.header(HOST, "localhost:8090");
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        self.keep(&response);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    fn keep(&mut self, response: &Response<Body>) {
        for header in response.headers().get_all(SET_COOKIE) {
            let text = header.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path), String::new()).await
    }

    pub async fn post(&mut self, path: &str, origin: &str, form: &[(&str, &str)]) -> Reply {
        let request = Request::post(path)
            .header(ORIGIN, origin)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, encode(form)).await
    }

    /// Begins a sign-in; the address at the provider.
    pub async fn begin(&mut self, to: &str) -> Url {
        let reply = self
            .get(&format!("/signin?{}", encode(&[("to", to)])))
            .await;
        assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.body);
        Url::parse(&reply.location()).unwrap()
    }

    /// Comes back from the provider as it would send her.
    pub async fn come_back(&mut self, provider: &FakeProvider, asked: &Url) -> Reply {
        let back = provider.answer(asked);
        self.get(&back).await
    }

    pub async fn is_signed_in(&mut self) -> bool {
        self.get("/").await.has("id=\"person\"")
    }

    /// The token of the sign-out form.
    pub async fn csrf(&mut self) -> String {
        let home = self.get("/").await;
        let (_, rest) = home.body.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

pub fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.into_owned())
}
