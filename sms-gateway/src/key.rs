use aws_lc_rs::hmac;

use crate::{Message, PhoneNumber};

/// The key under which phone numbers are kept: who steals the tables can't list the numbers
/// without it, and a plain hash of eleven digits hides nothing.
#[derive(Clone)]
pub struct NumberKey(hmac::Key);

/// A keyed MAC: of a number, of a country, of a message.
pub(crate) type Mac = [u8; 32];

impl NumberKey {
    /// Takes 32 random bytes. They must stay the same: with another key the limits begin anew.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn number(&self, number: &PhoneNumber) -> Mac {
        self.mac(&[b"number", number.as_e164().as_bytes()])
    }

    pub(crate) fn country(&self, country: &str) -> Mac {
        self.mac(&[b"country", country.as_bytes()])
    }

    /// What must be the same when an idempotency key comes again.
    pub(crate) fn message(&self, message: &Message, body: &str) -> Mac {
        let (to, purpose) = (message.to.as_e164(), message.purpose.as_str());
        self.mac(&[
            b"message",
            to.as_bytes(),
            purpose.as_bytes(),
            body.as_bytes(),
        ])
    }

    fn mac(&self, parts: &[&[u8]]) -> Mac {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            // With its length in front, no part can pass for the end of another.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = Mac::default();
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

impl std::fmt::Debug for NumberKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NumberKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_depends_on_key_kind_and_number() {
        let number = PhoneNumber::parse("13800000001").unwrap();
        let other = PhoneNumber::parse("13800000002").unwrap();
        let key = NumberKey::new(&[1; 32]);
        assert_eq!(
            key.number(&number),
            NumberKey::new(&[1; 32]).number(&number)
        );
        assert_ne!(key.number(&number), key.number(&other));
        assert_ne!(
            key.number(&number),
            NumberKey::new(&[2; 32]).number(&number)
        );
        assert_ne!(key.number(&number), key.country(number.as_e164()));
        assert_eq!(format!("{key:?}"), "NumberKey(…)");
    }
}
