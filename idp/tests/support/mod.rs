//! A campus in memory for the tests over HTTP: the real router on a real database of each engine,
//! a clock that only the test moves, and a gateway that keeps what it was given.

#![expect(dead_code, reason = "each test file uses a part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't be set up must stop"
)]

pub mod attacks;
pub mod kit;
pub mod oidc;
pub mod outside;
mod reply;
pub mod visitor;

use std::sync::{Arc, Mutex, OnceLock};

use futures_util::FutureExt;
use idp::config::Config;
use idp::egress::{Resolver, WrittenResolver};
use idp::jobs::outbox::{Delivery, SmsSender, Undelivered, deliver_due};
use idp::oidc::keys::{Material, install};
use idp::{AppParts, Clock, CodeMessage, Entropy, Idp};
use idp_domain::factors::{Captcha, CaptchaKind};
use idp_domain::oidc::jose::SigningAlgorithm;
use idp_domain::secrets::{Keyring, MasterKey};
use jiff::{SignedDuration, Timestamp};
use migrations::testing::{TestDb, engines};
use themes::Themes;

pub use reply::Reply;
pub use visitor::{Visitor, login};

/// The service of the demonstration's application.
pub const SERVICE: &str = "http://127.0.0.1:9000/secret";
pub const OTHER_SERVICE: &str = "http://localhost:9100/other?a=1";

/// One node on one database.
pub struct Campus {
    pub idp: Idp,
    pub clock: Clock,
    pub sms: SmsLog,
    pub demo: idp::demo::Demo,
    pub parts: Parts,
    /// The address of the database, for a handle of one's own.
    pub url: String,
    data: tempfile::TempDir,
}

/// What a second node on the same database needs.
#[derive(Clone)]
pub struct Parts {
    pub config: Config,
    pub db: migrations::Db,
    master: MasterKey,
    /// The hosts that our own requests find.
    pub names: WrittenResolver,
}

/// What the gateway was given: number and code.
#[derive(Clone, Debug, Default)]
pub struct SmsLog {
    sent: Arc<Mutex<Vec<(String, String)>>>,
    keys: Arc<Mutex<Vec<String>>>,
    trouble: Arc<Mutex<Trouble>>,
}

/// What is wrong with the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    #[default]
    None,
    /// It can't be reached.
    Away,
    /// It takes the message, and its answer gets lost.
    Deaf,
    /// The number had its share.
    Limited,
    /// A defect: asking it panics.
    Panics,
}

impl SmsLog {
    pub fn sent(&self) -> Vec<(String, String)> {
        self.sent.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.sent().len()
    }

    /// The idempotency key of each attempt, those that failed too.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }

    /// From now on the gateway can't be reached, or can again.
    pub fn set_broken(&self, broken: bool) {
        self.set_trouble(if broken { Trouble::Away } else { Trouble::None });
    }

    pub fn set_trouble(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = trouble;
    }

    fn trouble(&self) -> Trouble {
        *self.trouble.lock().unwrap()
    }

    fn sender(&self) -> SmsSender {
        let (log, asked) = (self.clone(), self.clone());
        SmsSender {
            send: Arc::new(move |message: CodeMessage, key, _now| {
                let log = log.clone();
                async move {
                    let trouble = log.trouble();
                    log.keys.lock().unwrap().push(key);
                    match trouble {
                        Trouble::Away => return Err(Undelivered("the gateway is away".into())),
                        Trouble::Limited => return Ok(Delivery::Limited),
                        Trouble::None | Trouble::Deaf | Trouble::Panics => {}
                    }
                    let to = message
                        .to
                        .clone()
                        .expect("only messages to somebody are sent");
                    log.sent.lock().unwrap().push((to, message.code.clone()));
                    if trouble == Trouble::Deaf {
                        return Err(Undelivered("the gateway's answer got lost".into()));
                    }
                    Ok(Delivery::Sent)
                }
                .boxed()
            }),
            permits: Arc::new(move |phone| {
                assert_ne!(asked.trouble(), Trouble::Panics, "a defect of the test's");
                phone.is_mainland()
            }),
        }
    }
}

/// The moment at which every test begins.
pub fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// Runs a test on every engine, each with a campus of its own.
pub async fn each_campus(test: impl AsyncFn(&Campus)) {
    each_campus_with(|_| {}, test).await;
}

/// The same with a configuration of the test's own.
pub async fn each_campus_with(adjust: impl Fn(&mut Config), test: impl AsyncFn(&Campus)) {
    for db in engines(&[migrations::IDP]).await {
        let campus = Campus::open(&db, &adjust).await;
        test(&campus).await;
    }
}

impl Campus {
    async fn open(db: &TestDb, adjust: &impl Fn(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config {
            demo: true,
            data: data.path().to_owned(),
            ..Config::default()
        };
        // The cheapest that the configuration takes: the tests hash a lot.
        config.password.argon2 = serde_json::from_value(
            serde_json::json!({ "memory_kib": 7168, "passes": 1, "lanes": 1 }),
        )
        .unwrap();
        config.limits.stranger_per_minute = serde_json::from_value(100_000.into()).unwrap();
        config.limits.captcha_per_minute = serde_json::from_value(10_000.into()).unwrap();
        adjust(&mut config);
        let clock = Clock::manual(start());
        let master = MasterKey::generate(&mut Entropy::seeded(1).rng());
        let parts = Parts {
            config,
            db: (**db).clone(),
            master,
            names: WrittenResolver::default(),
        };
        Box::pin(install_keys(&parts, &clock)).await;
        let sms = SmsLog::default();
        let idp = node(&parts, &clock, &sms).await;
        let demo = idp.create_demo().await.unwrap();
        Self {
            idp,
            clock,
            sms,
            demo,
            parts,
            url: db.url().to_owned(),
            data,
        }
    }

    /// Another node on the same database, with the same clock.
    pub async fn second_node(&self) -> Idp {
        self.node(&self.parts).await
    }

    /// One with parts of its own.
    pub async fn node(&self, parts: &Parts) -> Idp {
        node(parts, &self.clock, &self.sms).await
    }

    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.idp.router())
    }

    pub fn visitor_at(&self, node: &Idp) -> Visitor {
        let mut visitor = self.visitor();
        visitor.route_to(node.router());
        visitor
    }

    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Works the outbox off, as the job does.
    pub async fn deliver(&self) {
        while deliver_due(self.idp.app()).await.unwrap() > 0 {}
    }

    /// The newest code that went to a number.
    pub async fn code_for(&self, number: &str) -> String {
        self.deliver().await;
        let sent = self.sms.sent();
        let newest = sent.iter().rev().find(|(to, _)| to == number);
        newest
            .unwrap_or_else(|| panic!("no code for {number} in {sent:?}"))
            .1
            .clone()
    }

    /// What the captcha of a page says.
    pub fn solve(&self, captcha_id: &str) -> String {
        let keys = &self.idp.app().keys;
        Captcha::parse(captcha_id, keys, self.clock.now())
            .expect("a captcha of ours")
            .answer(keys, CaptchaKind::Image)
    }

    pub fn keys(&self) -> &Keyring {
        &self.idp.app().keys
    }

    /// Rows of a table, by a condition.
    pub async fn count(&self, table_and_condition: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table_and_condition}");
        let mut conn = self.parts.db.read().await.unwrap();
        migrations::run!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
            .fetch_one(c))
        .unwrap()
    }

    /// A statement, for what only an administrator's console will do.
    pub async fn execute(&self, sql: &str) -> u64 {
        let mut tx = self.parts.db.write().await.unwrap();
        let rows =
            migrations::run!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c)).unwrap();
        tx.commit().await.unwrap();
        rows
    }

    /// Audit rows of an event.
    pub async fn audited(&self, event: &str, result: &str) -> i64 {
        self.count(&format!(
            "audit_events WHERE event = '{event}' AND result = '{result}'"
        ))
        .await
    }
}

/// Signing keys made once for all campuses of a process: RSA takes its time.
async fn install_keys(parts: &Parts, clock: &Clock) {
    static MADE: OnceLock<Vec<Material>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let all = SigningAlgorithm::ALL.into_iter();
        all.map(|alg| Material::generate(alg).unwrap()).collect()
    });
    let keyring = Keyring::new(&parts.master);
    let mut rng = Entropy::System.rng();
    install(&parts.db, &keyring, made, clock.now(), &mut rng)
        .await
        .unwrap();
}

async fn node(parts: &Parts, clock: &Clock, sms: &SmsLog) -> Idp {
    // On the heap: a node's start is too large for the frames of the tests around it.
    Box::pin(Idp::start(AppParts {
        themes: Themes::load(&parts.config.school.theme_options()).unwrap(),
        config: parts.config.clone(),
        db: parts.db.clone(),
        keys: Keyring::new(&parts.master),
        clock: clock.clone(),
        entropy: Entropy::System,
        sms: sms.sender(),
        // Nothing goes out by a name unless a test writes one down.
        resolver: Resolver::Written(parts.names.clone()),
    }))
    .await
    .unwrap()
}
