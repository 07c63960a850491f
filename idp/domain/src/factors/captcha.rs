use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use crate::secrets::{Keyring, Tag, Use, hash_secret, random_base62};

/// How the answer is presented. Image and sound of one id have different answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaKind {
    Image,
    Audio,
}

/// A captcha by its id. The page that shows it stores nothing: the answer is a keyed MAC of the
/// id, and only an id that was answered becomes a row, so that it is good once.
///
/// The id reads `EXPIRY-RANDOM-MAC` (hexadecimal seconds, base62, hexadecimal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captcha {
    id: String,
    expires_at: Timestamp,
}

const LIFE: SignedDuration = SignedDuration::from_mins(10);
const RANDOM: usize = 22;
const MAC: usize = 32;
/// Neither `0O`, `1lI` nor letters that the distortion makes alike.
const IMAGE_LETTERS: &[u8] = b"ACDEFGHJKMNPRTWXY34679";
const IMAGE_LENGTH: usize = 5;
/// The spoken digits that the library has a letter of as well.
const AUDIO_LETTERS: &[u8] = b"123456789";
const AUDIO_LENGTH: usize = 6;

impl Captcha {
    pub fn new(keys: &Keyring, now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        let expires_at = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let body = format!(
            "{:x}-{}",
            expires_at.as_second(),
            random_base62(RANDOM, rng)
        );
        let id = format!("{body}-{}", &sign(keys, &body));
        Self { id, expires_at }
    }

    /// `None` for an id that we did not make, or that is too old: the same as a wrong answer.
    pub fn parse(id: &str, keys: &Keyring, now: Timestamp) -> Option<Self> {
        if id.len() > 80 || !id.is_ascii() {
            return None;
        }
        let (body, mac) = id.rsplit_once('-')?;
        let (expiry, random) = body.split_once('-')?;
        if random.len() != RANDOM
            || Tag(pad(mac)) != Tag(pad(&sign(keys, body)))
            || mac.len() != MAC
        {
            return None;
        }
        let seconds = i64::from_str_radix(expiry, 16).ok()?;
        let expires_at = Timestamp::from_second(seconds).ok()?;
        (now < expires_at).then(|| Self {
            id: id.to_owned(),
            expires_at,
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The key of the row that says it was answered.
    pub fn hash(&self) -> Tag {
        hash_secret("captcha", &self.id)
    }

    /// What the picture or the sound says. Never leaves the server as text.
    pub fn answer(&self, keys: &Keyring, kind: CaptchaKind) -> String {
        let (word, letters, length) = match kind {
            CaptchaKind::Image => (&b"image"[..], IMAGE_LETTERS, IMAGE_LENGTH),
            CaptchaKind::Audio => (&b"audio"[..], AUDIO_LETTERS, AUDIO_LENGTH),
        };
        let tag = keys.mac(Use::Captcha, &[b"answer", word, self.id.as_bytes()]);
        tag.as_bytes()
            .chunks_exact(4)
            .take(length)
            .map(|c| {
                let draw = u32::from_be_bytes([c[0], c[1], c[2], c[3]]) as usize;
                char::from(letters[draw % letters.len()])
            })
            .collect()
    }

    /// Whether `typed` is what was seen or heard, in either case, spaces forgiven.
    pub fn is_answered_by(&self, keys: &Keyring, typed: &str) -> bool {
        let typed: String = typed
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(16)
            .collect::<String>()
            .to_ascii_uppercase();
        let image = typed == self.answer(keys, CaptchaKind::Image);
        let audio = typed == self.answer(keys, CaptchaKind::Audio);
        !typed.is_empty() && (image | audio)
    }
}

fn sign(keys: &Keyring, body: &str) -> String {
    let mut hex = keys.mac(Use::Captcha, &[b"id", body.as_bytes()]).to_hex();
    hex.truncate(MAC);
    hex
}

fn pad(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test] // CAP-01, CAP-04
    fn only_our_fresh_ids_and_the_right_answer_count() {
        let mut rng = StdRng::seed_from_u64(4);
        let keys = Keyring::new(&MasterKey::generate(&mut rng));
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let captcha = Captcha::new(&keys, now, &mut rng);
        assert_eq!(
            Captcha::parse(captcha.id(), &keys, now),
            Some(captcha.clone())
        );
        assert_eq!(
            Captcha::parse(captcha.id(), &keys, captcha.expires_at()),
            None
        );
        let image = captcha.answer(&keys, CaptchaKind::Image);
        let audio = captcha.answer(&keys, CaptchaKind::Audio);
        assert!(captcha.is_answered_by(&keys, &format!(" {} ", image.to_lowercase())));
        assert!(captcha.is_answered_by(&keys, &audio));
        for wrong in ["", " ", "00000", "\0"] {
            assert!(!captcha.is_answered_by(&keys, wrong), "{wrong:?}");
        }
        for id in [
            "",
            "-",
            "--",
            "x-y-z",
            &captcha.id()[1..],
            &"a".repeat(5000),
            "é-é-é",
        ] {
            assert_eq!(Captcha::parse(id, &keys, now), None, "{id}");
        }
        assert!(!captcha.id().contains(&image));
    }
}
