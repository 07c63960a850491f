//! Text messages: what may be sent, how often, and by whom it is carried. Knows nothing of
//! identities: whose number it is, and whether the person may be written to, is the caller's.
//!
//! ```
//! # async fn a_caller(db: migrations::Db, now: jiff::Timestamp, rng: &mut rand::rngs::StdRng)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use sms_gateway::*;
//!
//! let gateway = Gateway::new(db, Config::inbox("一门大学"), NumberKey::new(&[7; 32]), Deployment::Demo)?;
//! let message = Message {
//!     idempotency_key: "one-time-code/0197".into(),
//!     to: PhoneNumber::parse("138 0000 0001")?,
//!     signed_in: false,
//!     purpose: Purpose::Binding,
//!     template: Template::Code { code: Code::parse("482913")?, minutes: 5 },
//!     locale: themes::Locale::ZhCn,
//! };
//! match gateway.submit(&message, now, rng).await? {
//!     Outcome::Accepted { id } => println!("{id} is on its way"),
//!     Outcome::Limited { retry_at } => println!("not before {retry_at}"),
//!     Outcome::Refused(refusal) => println!("never: {refusal}"),
//! }
//! # Ok(()) }
//! ```

mod config;
mod gateway;
mod inbox;
mod key;
mod message;
mod page;
mod phone;
mod store;

pub use config::{Config, ConfigError, Country, Deployment, Limits, ProviderName};
pub use gateway::{Gateway, Outcome, Refusal, SubmitError};
pub use inbox::{Inbox, InboxMessage};
pub use key::NumberKey;
pub use message::{BadCode, Code, Message, Purpose, Template};
pub use page::inbox_router;
pub use phone::{BadPhoneNumber, PhoneNumber};
