//! Drawing and speaking captchas, and using up the answered ones.

use std::io::Cursor;
use std::sync::LazyLock;

use captcha::filters::{Dots, Noise, Wave};
use idp_domain::factors::{Captcha, CaptchaKind};
use idp_storage::captchas;
use migrations::{DbError, Tx};
use rand::{RngExt, rngs::StdRng};

use crate::app::App;
use crate::visit::Visit;

/// What came with a form.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub id: &'a str,
    pub text: &'a str,
}

impl Visit {
    /// A new captcha for a page. Nothing is stored for it.
    pub fn new_captcha(&mut self) -> themes::pages::Captcha {
        let captcha = Captcha::new(&self.context.app.keys, self.context.now, &mut self.rng);
        let id = captcha.id().to_owned();
        themes::pages::Captcha {
            image: format!("/signin/captcha/{id}.png"),
            audio: format!("/signin/captcha/{id}.wav"),
            id,
        }
    }
}

/// Uses the captcha up, right or wrong; true when it was ours, fresh, unused and right (CAP-01).
pub async fn redeem(visit: &Visit, tx: &mut Tx, answer: Answer<'_>) -> Result<bool, DbError> {
    let keys = &visit.app.keys;
    let Some(captcha) = Captcha::parse(answer.id, keys, visit.now) else {
        return Ok(false);
    };
    let first = captchas::spend(tx, &captcha).await?;
    Ok(first && captcha.is_answered_by(keys, answer.text))
}

/// A picture (PNG, 240 × 96) of the answer; another distortion each time.
pub fn picture(app: &App, captcha: &Captcha) -> Option<Vec<u8>> {
    let mut picture = captcha::Captcha::new();
    for letter in captcha.answer(&app.keys, CaptchaKind::Image).chars() {
        picture.set_chars(&[letter]).add_char();
    }
    picture
        .apply_filter(Noise::new(0.06))
        .apply_filter(Wave::new(2.0, 12.0).horizontal())
        .apply_filter(Wave::new(2.0, 10.0).vertical())
        .view(240, 96)
        .apply_filter(Dots::new(6).min_radius(2).max_radius(5))
        .as_png()
}

const SAMPLES_PER_SECOND: u32 = 22_050;

/// The spoken digits 1…9, decoded once.
static DIGITS: LazyLock<Vec<Vec<i16>>> = LazyLock::new(|| {
    ('1'..='9')
        .map(|digit| {
            let mut spoken = captcha::Captcha::new();
            spoken.set_chars(&[digit]).add_char();
            spoken
                .as_wav()
                .into_iter()
                .flatten()
                .filter_map(|wav| hound::WavReader::new(Cursor::new(wav)).ok())
                .flat_map(|mut reader| reader.samples::<i16>().flatten().collect::<Vec<_>>())
                .collect()
        })
        .collect()
});

/// A sound (WAV, mono) that speaks the answer, with pauses, pitch and hiss that vary.
pub fn sound(app: &App, captcha: &Captcha, rng: &mut StdRng) -> Option<Vec<u8>> {
    let mut samples = Vec::new();
    for digit in captcha.answer(&app.keys, CaptchaKind::Audio).bytes() {
        let spoken = DIGITS.get(usize::from(digit.checked_sub(b'1')?))?;
        let pause = rng.random_range(SAMPLES_PER_SECOND / 5..SAMPLES_PER_SECOND / 2);
        samples.extend((0..pause).map(|_| 0));
        // Between nine tenths and eleven tenths of the speed.
        let speed: u32 = rng.random_range(900..1100);
        let mut at: u32 = 0;
        while let Some(sample) = spoken.get(at as usize / 1000) {
            samples.push(*sample);
            at += speed;
        }
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLES_PER_SECOND,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut wav, spec).ok()?;
    for sample in samples {
        let hiss = rng.random_range(-400..400);
        writer
            .write_sample((sample / 2).saturating_add(hiss))
            .ok()?;
    }
    writer.finalize().ok()?;
    Some(wav.into_inner())
}
