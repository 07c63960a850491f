//! What the gateway logs. Alone in its process, since a subscriber of one test only misses what
//! another one's thread met first.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use migrations::SMS;
use migrations::testing::engines;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sms_gateway::{
    Code, Config, Deployment, Gateway, Message, NumberKey, PhoneNumber, Purpose, Template,
};
use themes::Locale;
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test] // SMS-12: at every level, of every part
async fn code_and_number_are_in_no_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let mut submitted = 0;
    for db in engines(&[SMS]).await {
        let config = Config::inbox("一门大学");
        let key = NumberKey::new(&[7; 32]);
        let gateway = Gateway::new((*db).clone(), config, key, Deployment::Test).unwrap();
        for idempotency_key in ["accepted", "limited"] {
            let message = Message {
                idempotency_key: idempotency_key.into(),
                to: PhoneNumber::parse("13800000001").unwrap(),
                signed_in: false,
                purpose: Purpose::Binding,
                template: Template::Code {
                    code: Code::parse("482913").unwrap(),
                    minutes: 5,
                },
                locale: Locale::ZhCn,
            };
            let outcome = gateway.submit(&message, now, &mut rng).await.unwrap();
            tracing::info!(?outcome, ?message, ?gateway, "submitted");
            submitted += 1;
        }
        let inbox = gateway.inbox(None, 10).await.unwrap();
        tracing::info!(?inbox, "read");
    }
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(written.matches("text message").count(), submitted);
    assert_eq!(written.matches("submitted").count(), submitted);
    for secret in ["482913", "13800000001"] {
        assert!(!written.contains(secret), "{written}");
    }
}
