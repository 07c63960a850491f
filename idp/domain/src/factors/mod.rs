//! Factors: what a person shows, and how often it may be tried.

mod captcha;
mod factor;
mod one_time_code;
mod throttle;

pub use captcha::{Captcha, CaptchaKind};
pub use factor::Factor;
pub use one_time_code::{CodePurpose, MAX_TRIES, OneTimeCode};
pub use throttle::{DAY, Gate, Limit, PasswordRules, SourceClass};
