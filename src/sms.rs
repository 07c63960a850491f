//! The wire between the identity provider's outbox and the SMS gateway: neither knows the other.

use std::sync::Arc;

use futures_util::FutureExt;
use idp::jobs::outbox::{Delivery, SmsSender, Undelivered};
use idp::{CodeMessage, Entropy};
use idp_domain::secrets::{Keyring, Use};
use jiff::Timestamp;
use migrations::Db;
use sms_gateway::{
    Code, Config, ConfigError, Deployment, Gateway, Message, NumberKey, Outcome, PhoneNumber,
    Purpose, Template,
};
use themes::Locale;

/// The embedded gateway.
pub(crate) fn gateway(
    db: &Db,
    keys: &Keyring,
    config: Config,
    deployment: Deployment,
) -> Result<Gateway, ConfigError> {
    let key = keys.mac(Use::SmsNumber, &[]);
    Gateway::new(db.clone(), config, NumberKey::new(&key.0), deployment)
}

/// Sends by `gateway`.
pub(crate) fn sender(gateway: &Gateway, entropy: &Entropy) -> SmsSender {
    let (asked, submitted, entropy) = (gateway.clone(), gateway.clone(), entropy.clone());
    SmsSender {
        permits: Arc::new(move |number| {
            PhoneNumber::parse(number.as_str())
                // Asked for by somebody who proved an account, to bind her own number.
                .is_ok_and(|number| asked.permits(&number, true).is_ok())
        }),
        send: Arc::new(move |message, idempotency_key, now| {
            let (gateway, entropy) = (submitted.clone(), entropy.clone());
            async move { submit(&gateway, &entropy, &message, idempotency_key, now).await }.boxed()
        }),
    }
}

/// No carrier is configured: no number can be written to.
pub(crate) fn nobody() -> SmsSender {
    SmsSender {
        permits: Arc::new(|_| false),
        send: Arc::new(|_, _, _| {
            async { Err(Undelivered("no [sms] section is configured".into())) }.boxed()
        }),
    }
}

async fn submit(
    gateway: &Gateway,
    entropy: &Entropy,
    message: &CodeMessage,
    idempotency_key: String,
    now: Timestamp,
) -> Result<Delivery, Undelivered> {
    let undelivered = |e: &dyn std::error::Error| Undelivered(e.to_string());
    // What nobody is to get is ended by the outbox itself.
    let Some(to) = &message.to else {
        return Ok(Delivery::Sent);
    };
    let purpose = purpose(&message.purpose)?;
    let message = Message {
        idempotency_key,
        to: PhoneNumber::parse(to).map_err(|e| undelivered(&e))?,
        // A bound number was proved by its owner when it was bound (SMS-05).
        signed_in: message.proved || purpose == Purpose::Unlock,
        purpose,
        template: Template::Code {
            code: Code::parse(&message.code).map_err(|e| undelivered(&e))?,
            minutes: u8::try_from(message.minutes).unwrap_or(u8::MAX),
        },
        locale: Locale::parse(&message.locale).unwrap_or_default(),
    };
    match gateway.submit(&message, now, &mut entropy.rng()).await {
        Ok(Outcome::Accepted { .. }) => Ok(Delivery::Sent),
        Ok(Outcome::Limited { .. } | Outcome::Refused(_)) => Ok(Delivery::Limited),
        Err(error) => Err(undelivered(&error)),
    }
}

/// The gateway's word for what the identity provider asks a code for.
fn purpose(word: &str) -> Result<Purpose, Undelivered> {
    match word {
        "evidence" => Ok(Purpose::Activation),
        "bind_phone" => Ok(Purpose::Binding),
        "unlock" => Ok(Purpose::Unlock),
        _ => Err(Undelivered(format!(
            "the gateway has no words for {word:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_domain::factors::CodePurpose;

    #[test]
    fn the_gateway_has_words_for_every_purpose() {
        for ours in [
            CodePurpose::Evidence,
            CodePurpose::BindPhone,
            CodePurpose::Unlock,
        ] {
            assert!(purpose(ours.as_str()).is_ok(), "{ours:?}");
        }
        assert!(purpose("other").is_err());
    }
}
