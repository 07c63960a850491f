use unicode_normalization::UnicodeNormalization;
use zxcvbn::zxcvbn;

use super::common_passwords::is_common;
use super::text::{fold, is_forbidden};
use super::{AccountNumber, IdNumber, PersonName, PhoneNumber};

/// What a new password must be. Lengths are code points after NFC (PWD-06); no rule asks for
/// classes of characters (NIST SP 800-63B §3.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    pub least: usize,
    pub most: usize,
    /// zxcvbn's score, 0 to 4.
    pub strength: u8,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            least: 10,
            most: 128,
            strength: 3,
        }
    }
}

/// What a password must not be made of.
#[derive(Clone, Debug, Default)]
pub struct PasswordContext<'a> {
    pub name: Option<&'a PersonName>,
    pub numbers: &'a [AccountNumber],
    pub id_number: Option<&'a IdNumber>,
    pub phones: &'a [PhoneNumber],
    /// Names and short names of the school, in the words of its pages.
    pub school_words: &'a [String],
}

/// One thing that is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("must have at least {least} characters")]
    TooShort { least: usize },
    #[error("must have at most {most} characters")]
    TooLong { most: usize },
    #[error("contains a control character")]
    BadCharacter,
    #[error("is too easy to guess")]
    TooWeak,
    #[error("is one of the most common passwords")]
    Common,
    #[error("contains a part of your name, number, id number or phone")]
    Personal,
}

/// NFC: the bytes that are hashed, so that a password typed on another keyboard still fits.
pub fn normalise_password(text: &str) -> String {
    text.nfc().collect()
}

/// zxcvbn judges so many characters at a time: it reads no more than 100, its work grows with
/// their square, and from 33 turns on the keyboard its arithmetic overflows (in 3.1.1).
const STRETCH: usize = 30;
/// Parts of this many characters of a number are personal.
const PART: usize = 4;
/// Digits before the birth date of a resident id name a region of many people.
const REGION: usize = 6;

impl PasswordPolicy {
    /// All faults of a password that [`normalise_password`] will make; none, and it may be taken.
    ///
    /// The costly judgement runs only for a password whose length and characters are good, so a
    /// megabyte costs a count (PWD-08).
    pub fn check(&self, candidate: &str, context: &PasswordContext<'_>) -> Vec<PasswordFault> {
        if candidate.chars().take(self.most * 4 + 1).count() > self.most * 4 {
            return vec![PasswordFault::TooLong { most: self.most }];
        }
        let password = normalise_password(candidate);
        let length = password.chars().count();
        if length > self.most {
            return vec![PasswordFault::TooLong { most: self.most }];
        }
        if password.chars().any(is_forbidden) {
            return vec![PasswordFault::BadCharacter];
        }
        let mut faults = Vec::new();
        if length < self.least {
            faults.push(PasswordFault::TooShort { least: self.least });
        }
        // Full-width letters are no secret: judge what they stand for.
        let folded = fold(&password);
        if is_common(&folded) {
            faults.push(PasswordFault::Common);
        } else if self.is_weak(&password, context) {
            faults.push(PasswordFault::TooWeak);
        }
        if is_personal(&folded, context) {
            faults.push(PasswordFault::Personal);
        }
        faults
    }

    /// A password is as strong as its strongest stretch.
    fn is_weak(&self, password: &str, context: &PasswordContext<'_>) -> bool {
        let own = context.words();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let judged: Vec<char> = password.nfkc().collect();
        once(&judged).chunks(STRETCH).all(|stretch| {
            let stretch: String = stretch.iter().collect();
            u8::from(zxcvbn(&stretch, &own).score()) < self.strength
        })
    }
}

/// What a text repeats over and over, or the text: saying it again adds nothing to guess.
fn once(text: &[char]) -> &[char] {
    let period = (1..=text.len() / 2).find(|p| text[*p..] == text[..text.len() - p]);
    &text[..period.unwrap_or(text.len())]
}

impl PasswordContext<'_> {
    /// For zxcvbn, which finds them also reversed and in l33t.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.school_words.iter().map(|w| fold(w)).collect();
        words.extend(self.name.map(|n| fold(n.as_str())));
        words.extend(
            self.name
                .iter()
                .flat_map(|n| n.as_str().split([' ', '·', '-']))
                .map(fold),
        );
        words.extend(self.numbers.iter().map(|n| n.as_str().to_owned()));
        words.extend(self.phones.iter().map(|p| p.as_str().to_owned()));
        words.extend(self.id_number.map(|id| fold(id.value())));
        words.retain(|w| w.chars().count() > 1);
        words
    }
}

/// True when a folded password contains four characters in a row of the person's numbers, or two
/// Chinese characters (four Latin letters) in a row of the name.
fn is_personal(folded: &str, context: &PasswordContext<'_>) -> bool {
    let holds_part = |text: &str| {
        let text: Vec<char> = text.chars().collect();
        text.windows(PART)
            .any(|part| folded.contains(&part.iter().collect::<String>()))
    };
    let of_id = context.id_number.map(|id| {
        let value = fold(id.value());
        let start = if id.birth_date().is_some() { REGION } else { 0 };
        value[start..].to_owned()
    });
    let of_phones = context
        .phones
        .iter()
        .map(|p| p.as_str().trim_start_matches("+86").to_owned());
    let of_numbers = context.numbers.iter().map(|n| n.as_str().to_owned());
    of_id
        .into_iter()
        .chain(of_phones)
        .chain(of_numbers)
        .any(|text| holds_part(&text))
        || context.name.is_some_and(|name| holds_name(folded, name))
}

fn holds_name(folded: &str, name: &PersonName) -> bool {
    let name = fold(name.as_str());
    name.split([' ', '·', '-', '\'']).any(|part| {
        let part: Vec<char> = part.chars().collect();
        let least = if part.iter().any(|c| *c >= '\u{2e80}') {
            2
        } else {
            PART
        };
        part.len() >= least
            && part
                .windows(least)
                .any(|w| folded.contains(&w.iter().collect::<String>()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::IdKind;
    use proptest::prelude::*;

    fn faults(password: &str) -> Vec<PasswordFault> {
        let name = PersonName::parse("李明月").unwrap();
        let numbers = [
            AccountNumber::parse("20230001").unwrap(),
            AccountNumber::parse("M2023007").unwrap(),
        ];
        let id = IdNumber::parse(IdKind::ResidentId, "11010519491231002X").unwrap();
        let phones = [PhoneNumber::parse("13812345678").unwrap()];
        PasswordPolicy::default().check(
            password,
            &PasswordContext {
                name: Some(&name),
                numbers: &numbers,
                id_number: Some(&id),
                phones: &phones,
                school_words: &["示范大学".into(), "Yimen".into()],
            },
        )
    }

    #[test]
    fn good_passwords_have_no_fault() {
        for password in [
            "Campus-2026-demo",
            "correct horse battery staple",
            "春眠不觉晓处处闻啼鸟 9",
            "tulip🌷 orbit🪐 kettle",
            "xK7#mQp2vLw9",
            "  leading and trailing  ",
        ] {
            assert_eq!(faults(password), [], "{password}");
        }
    }

    #[test] // PWD-06
    fn lengths_are_counted_in_code_points_after_nfc() {
        let tail = "qXv7#Lm!";
        assert!(faults(tail).contains(&PasswordFault::TooShort { least: 10 }));
        let long: String = "kq7#Zp!wV2".chars().cycle().take(128).collect();
        assert!(
            !faults(&long)
                .iter()
                .any(|f| matches!(f, PasswordFault::TooLong { .. }))
        );
        assert_eq!(
            faults(&format!("{long}x")),
            [PasswordFault::TooLong { most: 128 }]
        );
        // 128 letters with their accents apart are 256 code points before NFC and 128 after.
        let decomposed = "e\u{301}".repeat(128);
        assert!(
            !faults(&decomposed)
                .iter()
                .any(|f| matches!(f, PasswordFault::TooLong { .. }))
        );
        assert!(faults(&"🌷".repeat(9)).contains(&PasswordFault::TooShort { least: 10 }));
    }

    #[test] // PWD-06
    fn control_characters_are_refused() {
        for c in ['\0', '\t', '\n', '\r', '\u{7f}', '\u{9f}', '\u{ffff}'] {
            assert_eq!(
                faults(&format!("xK7#mQp2{c}vLw9")),
                [PasswordFault::BadCharacter]
            );
        }
    }

    #[test] // PWD-08: what is too long is refused before anything costly
    fn a_megabyte_is_refused_by_counting() {
        let started = std::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(
                faults(&"a".repeat(1 << 20)),
                [PasswordFault::TooLong { most: 128 }]
            );
        }
        assert!(started.elapsed().as_secs() < 5);
    }

    #[test]
    fn common_passwords_are_named_as_such() {
        for password in [
            "woaini1314",
            "5201314520",
            "1234567890",
            "ｗｏａｉｎｉ１３１４",
            "Password123",
            "Woaini!1314",
        ] {
            assert!(
                faults(password).contains(&PasswordFault::Common),
                "{password}"
            );
        }
    }

    #[test]
    fn weak_ones_are_found_also_in_full_width() {
        for password in [
            "aaaaaaaaaaaa",
            "sunshine2019",
            "ｓｕｎｓｈｉｎｅ２０１９",
            "19870412198",
            "示范大学yimen",
        ] {
            let faults = faults(password);
            let weak =
                faults.contains(&PasswordFault::TooWeak) || faults.contains(&PasswordFault::Common);
            assert!(weak, "{password}");
        }
    }

    #[test]
    fn parts_of_the_persons_own_data_are_personal() {
        for password in [
            "walnut-2023-orbit", // from the account number
            "kettle#3007#orbit#m2023",
            "zebra1949orbit!",
            "zebra-1231-orbit",
            "zebra 002X orbit",
            "zebra 002x orbit",
            "orbit 5678 kettle",
            "orbit ５６７８ kettle",
            "orbit 李明 kettle",
            "明月 orbit kettle",
        ] {
            assert!(
                faults(password).contains(&PasswordFault::Personal),
                "{password}"
            );
        }
        // The region of an id number is everybody's.
        assert_eq!(faults("zebra 110105 kettle orbit"), []);
    }

    #[test]
    fn latin_names_count_from_four_letters() {
        let name = PersonName::parse("Anna-Maria O'Li").unwrap();
        let context = PasswordContext {
            name: Some(&name),
            ..PasswordContext::default()
        };
        let policy = PasswordPolicy::default();
        assert!(
            policy
                .check("ANNA kettle orbit 7", &context)
                .contains(&PasswordFault::Personal)
        );
        assert_eq!(policy.check("oli kettle orbit 7", &context), []);
    }

    #[test] // PWD-08: the meter itself is no lever
    fn the_longest_passwords_are_judged_quickly() {
        let started = std::time::Instant::now();
        for base in [
            "a",
            "1a",
            "qwerty",
            "p@$$w0rd",
            "20230",
            "明",
            "qazxsw",
            "1234567890poiuytrewq",
        ] {
            let faults = faults(&base.chars().cycle().take(128).collect::<String>());
            assert!(!faults.is_empty(), "{base}");
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_walk_over_the_keyboard_breaks_it(text in "[qazQAZ1!@$02wsx3e]{10,128}|([a@4][sS5$]){5,64}|[0-9]{10,128}") {
            let _faults = faults(&text);
        }

        #[test]
        fn no_text_breaks_the_judgement(text in any::<String>()) {
            let once = faults(&text);
            prop_assert_eq!(faults(&normalise_password(&text)), once);
        }
    }
}
