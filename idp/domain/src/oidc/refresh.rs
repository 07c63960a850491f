use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::ids::AuthorizationId;
use crate::secrets::{Keyring, Tag, Use};

const PREFIX: &str = "RT-";
const ID: usize = 16;
const GENERATION: usize = 4;
const MAC: usize = 32;

/// A refresh token (RFC 6749 §1.5): which authorization, which of its generations, and the proof
/// that we made it. The successor follows from it, so that a retry gets the same one and nothing
/// but the generation is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    pub authorization: AuthorizationId,
    pub generation: u32,
}

/// A text that is no refresh token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't a refresh token of ours")]
pub struct BadRefreshToken;

impl RefreshToken {
    pub fn new(authorization: AuthorizationId, generation: u32) -> Self {
        Self {
            authorization,
            generation,
        }
    }

    /// The one that takes its place; nothing once they are used up.
    pub fn successor(self) -> Option<Self> {
        let generation = self.generation.checked_add(1)?;
        Some(Self { generation, ..self })
    }

    /// As the application gets it.
    pub fn render(self, keys: &Keyring) -> String {
        let mut bytes = Vec::with_capacity(ID + GENERATION + MAC);
        bytes.extend_from_slice(self.authorization.0.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(self.mac(keys).as_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The proof is compared in constant time, before anything is looked up.
    ///
    /// # Errors
    /// [`BadRefreshToken`]
    pub fn parse(text: &str, keys: &Keyring) -> Result<Self, BadRefreshToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadRefreshToken)?;
        // Longer than any of ours: not even decoded (OID-33).
        if encoded.len() > 2 * (ID + GENERATION + MAC) {
            return Err(BadRefreshToken);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| BadRefreshToken)?;
        let (id, rest) = bytes.split_first_chunk::<ID>().ok_or(BadRefreshToken)?;
        let (generation, mac) = rest
            .split_first_chunk::<GENERATION>()
            .ok_or(BadRefreshToken)?;
        let mac = <[u8; MAC]>::try_from(mac).map_err(|_| BadRefreshToken)?;
        let token = Self {
            authorization: AuthorizationId(Uuid::from_bytes(*id)),
            generation: u32::from_be_bytes(*generation),
        };
        if token.mac(keys) == Tag(mac) {
            Ok(token)
        } else {
            Err(BadRefreshToken)
        }
    }

    fn mac(self, keys: &Keyring) -> Tag {
        let id = self.authorization.0;
        keys.mac(
            Use::RefreshToken,
            &[id.as_bytes(), &self.generation.to_be_bytes()],
        )
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RT-{}/{}", self.authorization, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn keys(seed: u64) -> Keyring {
        Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(seed)))
    }

    fn token(generation: u32) -> RefreshToken {
        RefreshToken::new(AuthorizationId(Uuid::from_u128(7)), generation)
    }

    #[test]
    fn a_retry_gets_the_same_successor() {
        let keys = keys(1);
        let next = token(3).successor().unwrap();
        assert_eq!(
            next.render(&keys),
            token(3).successor().unwrap().render(&keys)
        );
        assert_eq!(next, token(4));
        assert_ne!(next.render(&keys), token(3).render(&keys));
        assert_eq!(token(u32::MAX).successor(), None);
    }

    #[test] // OID-33
    fn only_ours_are_read() {
        let (ours, others) = (keys(1), keys(2));
        let text = token(3).render(&ours);
        assert_eq!(RefreshToken::parse(&text, &ours), Ok(token(3)));
        assert_eq!(RefreshToken::parse(&text, &others), Err(BadRefreshToken));
        for bad in [
            "",
            "RT-",
            "RT-ä",
            &text[..text.len() - 1],
            &text[3..],
            &format!("{text}A"),
        ] {
            assert_eq!(
                RefreshToken::parse(bad, &ours),
                Err(BadRefreshToken),
                "{bad}"
            );
        }
        let huge = format!("RT-{}", "A".repeat(1_000_000));
        assert_eq!(RefreshToken::parse(&huge, &ours), Err(BadRefreshToken));
    }

    proptest! {
        #[test] // OID-33
        fn no_text_panics_and_no_change_passes(text in ".{0,120}", at in 3_usize..73, bit in 0_u8..6) {
            let keys = keys(1);
            prop_assert_eq!(RefreshToken::parse(&text, &keys), Err(BadRefreshToken));
            let mut bytes = token(3).render(&keys).into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(RefreshToken::parse(&text, &keys).is_err());
            }
        }
    }
}
