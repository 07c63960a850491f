use std::fmt;

use themes::Locale;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::PhoneNumber;

/// What is to be sent. It has no free text: nothing that a visitor types gets into a message
/// (SMS-09).
#[derive(Clone, Debug)]
pub struct Message {
    /// 1…128 printable ASCII characters, new for each message that is to be sent. The same again
    /// gives the same outcome and sends nothing (SMS-08).
    pub idempotency_key: String,
    pub to: PhoneNumber,
    /// A signed-in person asked for it, so a virtual operator's number may have it (SMS-05).
    pub signed_in: bool,
    pub purpose: Purpose,
    pub template: Template,
    pub locale: Locale,
}

/// What the receiver is doing, said in the message so that nobody can be talked into reading out
/// a code for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Activating an account at the first sign-in.
    Activation,
    /// Binding this phone to an account.
    Binding,
    /// The second proof of a sign-in.
    SignIn,
    /// Going on after too many failures.
    Unlock,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Activation, Self::Binding, Self::SignIn, Self::Unlock];

    /// The word in the database and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Binding => "binding",
            Self::SignIn => "sign_in",
            Self::Unlock => "unlock",
        }
    }

    const fn words(self, locale: Locale) -> &'static str {
        match (locale, self) {
            (Locale::ZhCn, Self::Activation) => "激活账号",
            (Locale::ZhCn, Self::Binding) => "绑定手机",
            (Locale::ZhCn, Self::SignIn) => "登录",
            (Locale::ZhCn, Self::Unlock) => "解除登录限制",
            (Locale::En, Self::Activation) => "activate your account",
            (Locale::En, Self::Binding) => "bind this phone",
            (Locale::En, Self::SignIn) => "sign in",
            (Locale::En, Self::Unlock) => "unlock sign-in",
        }
    }
}

/// The texts that there are. Variables are digits; everything else is fixed words (SMS-09).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// A one-time code and the minutes that it lives.
    Code { code: Code, minutes: u8 },
}

/// The digits of a one-time code. `Debug` hides them and they are wiped when dropped (SMS-12).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code(String);

/// Not a code. Doesn't say what was given, which may be a code all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has 4 to 8 digits")]
pub struct BadCode;

impl Code {
    /// Takes 4 to 8 ASCII digits.
    pub fn parse(digits: &str) -> Result<Self, BadCode> {
        let sound = (4..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        sound.then(|| Self(digits.to_owned())).ok_or(BadCode)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Message {
    /// The text as it is sent, with the school's signature in front. With a signature of up to 12
    /// characters it fits into one message (70 characters of UCS-2), which is what is paid.
    pub(crate) fn body(&self, signature: &str) -> Zeroizing<String> {
        let purpose = self.purpose.words(self.locale);
        let Template::Code { code, minutes } = &self.template;
        Zeroizing::new(match self.locale {
            Locale::ZhCn => format!(
                "【{signature}】验证码{}，用于{purpose}，{minutes}分钟内有效。请勿告诉他人，学校不会索要。",
                code.0
            ),
            Locale::En => format!(
                "【{signature}】{} to {purpose}, {minutes} min. Tell nobody.",
                code.0
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(purpose: Purpose, locale: Locale) -> Message {
        Message {
            idempotency_key: "k".into(),
            to: PhoneNumber::parse("13800000001").unwrap(),
            signed_in: false,
            purpose,
            template: Template::Code {
                code: Code::parse("012345").unwrap(),
                minutes: 5,
            },
            locale,
        }
    }

    #[test]
    fn the_text_has_signature_code_purpose_and_minutes() {
        assert_eq!(
            *message(Purpose::Binding, Locale::ZhCn).body("一门大学"),
            "【一门大学】验证码012345，用于绑定手机，5分钟内有效。请勿告诉他人，学校不会索要。"
        );
        assert_eq!(
            *message(Purpose::SignIn, Locale::En).body("Yimen"),
            "【Yimen】012345 to sign in, 5 min. Tell nobody."
        );
    }

    #[test] // SMS-09: with every variable at its longest, the text stays one line of fixed words
    fn every_text_fits_into_one_message() {
        for purpose in Purpose::ALL {
            for locale in Locale::ALL {
                let mut longest = message(purpose, locale);
                longest.template = Template::Code {
                    code: Code::parse("01234567").unwrap(),
                    minutes: 60,
                };
                let body = longest.body("十二个字的学校签名字样长");
                assert!(body.encode_utf16().count() <= 70, "{}", *body);
                assert!(!body.contains(['\n', '\r', '/']), "{}", *body);
                assert_eq!(body.matches('】').count(), 1);
            }
        }
    }

    #[test] // SMS-09: a code can carry nothing but digits
    fn a_code_is_digits() {
        for bad in [
            "",
            "123",
            "123456789",
            "12345a",
            "１２３４５６",
            "1234】",
            "123\n45",
            "-12345",
        ] {
            assert_eq!(Code::parse(bad), Err(BadCode), "{bad:?}");
        }
        assert!(Code::parse("000000").is_ok());
    }

    #[test] // SMS-12
    fn the_code_is_not_in_debug_output() {
        let shown = format!("{:?}", message(Purpose::SignIn, Locale::En));
        assert!(!shown.contains("012345"), "{shown}");
        assert!(!shown.contains("13800000001"), "{shown}");
    }
}
