//! Random secrets: drawn without bias, known at rest by their hash.

use aws_lc_rs::digest;
use rand::CryptoRng;
use zeroize::Zeroize;

use super::Tag;

/// SHA-256 of a random secret of ≥ 128 bits, prefixed by its kind, so that the hash of a cookie
/// can't stand for the hash of a ticket.
pub fn hash_secret(kind: &str, secret: &str) -> Tag {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(secret.as_bytes());
    let mut tag = [0; 32];
    tag.copy_from_slice(context.finish().as_ref());
    Tag(tag)
}

/// One type for each kind of random secret, so that none is taken for another (TKT-16). In clear
/// they exist only on their way out or just come back; at rest there is the hash.
macro_rules! random_secrets {
    ($bad:ident: $($(#[$doc:meta])* $name:ident = $kind:literal + $random:expr;)+) => {
        /// The prefix of each kind of secret here.
        pub const SECRET_KINDS: &[&str] = &[$($kind),+];
    $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub fn generate(rng: &mut impl rand::CryptoRng) -> Self {
                Self(format!(concat!($kind, "-{}"), $crate::secrets::random_base62($random, rng)))
            }

            /// Only what we could have made is worth a look-up.
            ///
            /// # Errors
            #[doc = concat!("[`", stringify!($bad), "`] for another prefix, length or alphabet.")]
            pub fn parse(text: &str) -> Result<Self, $bad> {
                $crate::secrets::has_form(text, $kind, $random)
                    .then(|| Self(text.to_owned()))
                    .ok_or($bad)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What the database knows it by; the kind is part of it.
            pub fn hash(&self) -> $crate::secrets::Tag {
                $crate::secrets::hash_secret($kind, &self.0)
            }
        }

        impl std::fmt::Debug for $name {
            /// The last four characters, enough to follow one through a log (TKT-09).
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($kind, "-…{}"), &self.0[self.0.len() - 4..])
            }
        }
    )+};
}

pub(crate) use random_secrets;

/// True for the prefix, the length and the alphabet that secrets of this kind have.
pub(crate) fn has_form(text: &str, kind: &str, random_characters: usize) -> bool {
    text.strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|random| {
            random.len() == random_characters && random.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `length` unbiased base62 characters, 5.95 bits each: 29 carry 172 bits, 43 carry 256.
pub fn random_base62(length: usize, rng: &mut impl CryptoRng) -> String {
    let mut text = String::with_capacity(length);
    let mut buffer = [0; 64];
    while text.len() < length {
        rng.fill_bytes(&mut buffer);
        // 248 = 4 × 62: bytes above would favour the first characters.
        let fair = buffer.iter().filter(|b| **b < 248);
        text.extend(
            fair.map(|b| char::from(BASE62[usize::from(b % 62)]))
                .take(length - text.len()),
        );
    }
    buffer.zeroize();
    text
}

/// 43 base62 characters: a secret of 256 bits for a cookie or an address.
pub fn random_secret(rng: &mut impl CryptoRng) -> String {
    random_base62(43, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test] // TKT-12: 1e5 draws, no duplicate, every character equally likely
    fn random_base62_is_uniform_and_unique() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut counts = [0_u32; 62];
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100_000 {
            let text = random_base62(29, &mut rng);
            for b in text.bytes() {
                counts[BASE62.iter().position(|c| *c == b).unwrap()] += 1;
            }
            assert!(seen.insert(text));
        }
        let expected = 29.0 * 100_000.0 / 62.0;
        let chi: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - expected).powi(2) / expected)
            .sum();
        // 61 degrees of freedom: above 116 only once in 40,000 draws of a fair source.
        assert!(chi < 116.0, "chi-square {chi}");
    }
}
