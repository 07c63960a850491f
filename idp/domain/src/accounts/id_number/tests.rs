use super::*;
use proptest::prelude::*;

/// The example of GB 11643-1999 itself.
const STANDARD: &str = "11010519491231002X";

fn resident(text: &str) -> Result<IdNumber, BadIdNumber> {
    IdNumber::parse(IdKind::ResidentId, text)
}

#[test]
fn a_resident_id_is_canonical_however_typed() {
    for text in [
        STANDARD,
        "11010519491231002x",
        " 11010519491231002x ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
    ] {
        assert_eq!(
            resident(text).map(|n| n.value).as_deref(),
            Ok(STANDARD),
            "{text}"
        );
    }
}

#[test]
fn each_defect_has_its_reason() {
    for (text, reason) in [
        ("110105194912310021", BadIdNumber::CheckDigit),
        ("110105194902300025", BadIdNumber::BirthDate),
        ("110105194913310025", BadIdNumber::BirthDate),
        ("110105000012310025", BadIdNumber::BirthDate),
        ("11010519491231002", BadIdNumber::ResidentLength),
        ("110105491231002", BadIdNumber::ResidentLength),
        ("1101051949123100XX", BadIdNumber::ResidentLength),
        ("11010519491231002\u{200b}X", BadIdNumber::Format),
        ("110105 19491231002X", BadIdNumber::Format),
        ("", BadIdNumber::Format),
    ] {
        assert_eq!(resident(text), Err(reason), "{text:?}");
    }
    assert_eq!(resident(&"1".repeat(100_000)), Err(BadIdNumber::Format));
}

#[test] // INJ-08
fn the_29th_of_february_exists_every_fourth_year() {
    let with_date = |date: &str| {
        let digits = format!("110105{date}002");
        resident(&format!(
            "{digits}{}",
            char::from(check_digit(digits.as_bytes()))
        ))
        .err()
    };
    assert_eq!(with_date("20040229"), None);
    assert_eq!(with_date("20000229"), None);
    assert_eq!(with_date("20030229"), Some(BadIdNumber::BirthDate));
    assert_eq!(with_date("19000229"), Some(BadIdNumber::BirthDate));
    assert_eq!(with_date("99991231"), Some(BadIdNumber::BirthDate));
}

#[test]
fn other_documents_have_their_own_shapes() {
    use IdKind::*;
    for (kind, good) in [
        (Passport, "E12345678"),
        (Passport, "g1234"),
        (Passport, "12345678901234567890"),
        (HongKongMacauPermit, "h12345678"),
        (HongKongMacauPermit, "M1234567801"),
        (TaiwanPermit, "12345678"),
        (TaiwanPermit, "1234567801"),
        (ForeignerPermanentResidence, "USA110061010501"),
    ] {
        assert!(IdNumber::parse(kind, good).is_ok(), "{kind:?} {good}");
    }
    for (kind, bad) in [
        (Passport, "E123"),
        (Passport, "E12-345678"),
        (Passport, "护照12345"),
        (HongKongMacauPermit, "A12345678"),
        (HongKongMacauPermit, "H1234567"),
        (TaiwanPermit, "1234567"),
        (HongKongMacauTaiwanResidence, STANDARD),
        (ForeignerPermanentResidence, STANDARD),
        (ForeignerPermanentResidence, "US1110061010501"),
        (ForeignerPermanentResidence, "é"),
    ] {
        assert!(IdNumber::parse(kind, bad).is_err(), "{kind:?} {bad}");
    }
    let residence = |head: &str| format!("{head}{}", char::from(check_digit(head.as_bytes())));
    assert!(
        IdNumber::parse(
            HongKongMacauTaiwanResidence,
            &residence("81000019900101001")
        )
        .is_ok()
    );
    assert!(IdNumber::parse(ForeignerPermanentResidence, &residence("91103119900101001")).is_ok());
    // One number is one document, whatever a file calls it.
    let called_resident = resident(&residence("91103119900101001")).unwrap();
    assert_eq!(called_resident.kind, ForeignerPermanentResidence);
}

#[test]
fn a_mistyped_resident_id_is_never_guessed_to_be_a_passport() {
    assert_eq!(
        IdNumber::guess(STANDARD).map(|n| n.kind),
        Ok(IdKind::ResidentId)
    );
    assert_eq!(
        IdNumber::guess("E12345678").map(|n| n.kind),
        Ok(IdKind::Passport)
    );
    assert_eq!(
        IdNumber::guess("11010519491231002"),
        Err(BadIdNumber::ResidentLength)
    );
    assert_eq!(
        IdNumber::guess("1101051949123100O2"),
        Err(BadIdNumber::ResidentLength)
    );
    assert_eq!(IdNumber::guess("12345678"), Err(BadIdNumber::Unclear));
}

#[test]
fn words_of_documents_are_known_in_both_languages() {
    assert_eq!(IdKind::parse(" 居民身份证 "), Ok(IdKind::ResidentId));
    assert_eq!(IdKind::parse("Taiwan Permit"), Ok(IdKind::TaiwanPermit));
    for kind in IdKind::ALL {
        assert_eq!(IdKind::parse(kind.as_str()), Ok(kind));
        assert_eq!(
            serde_json::to_string(&kind).unwrap(),
            format!("\"{}\"", kind.as_str())
        );
    }
    assert_eq!(IdKind::parse("学生证"), Err(BadIdNumber::Kind));
}

#[test] // IMP-07
fn masks_debug_and_errors_never_show_the_number() {
    let number = resident(STANDARD).unwrap();
    assert_eq!(number.masked(), "1101**********002X");
    assert!(!format!("{number:?}").contains("19491231"));
    assert_eq!(
        IdNumber::parse(IdKind::Passport, "G1234").unwrap().masked(),
        "G***4"
    );
    assert_eq!(number.tail(6), "31002X");
    assert_eq!(number.tail(50), STANDARD);
}

#[test]
fn words_of_sex_are_known_in_both_languages() {
    for (text, sex) in [
        ("女", Sex::Female),
        (" M ", Sex::Male),
        ("１", Sex::Male),
        ("female", Sex::Female),
    ] {
        assert_eq!(Sex::parse(text), Some(sex));
        assert_eq!(Sex::parse(sex.as_str()), Some(sex));
    }
    assert_eq!(Sex::parse("未知"), None);
}

#[test]
fn birth_date_and_sex_are_read() {
    let number = resident(STANDARD).unwrap();
    assert_eq!(number.birth_date(), Some(jiff::civil::date(1949, 12, 31)));
    assert_eq!(number.sex(), Some(Sex::Female));
    assert_eq!(
        IdNumber::parse(IdKind::Passport, "E12345678")
            .unwrap()
            .sex(),
        None
    );
}

proptest! {
    #[test]
    fn any_single_wrong_digit_is_found(region in 110_000..660_000_u32, day in 1..29_u8, sequence in 0..1000_u16, at in 0..17_usize, other in 0..10_u8) {
        let digits = format!("{region}200105{day:02}{sequence:03}");
        let good = format!("{digits}{}", char::from(check_digit(digits.as_bytes())));
        prop_assert!(resident(&good).is_ok());
        let mut bad = good.clone().into_bytes();
        bad[at] = b'0' + other;
        let bad = String::from_utf8(bad).unwrap();
        prop_assert_eq!(resident(&bad).is_ok(), bad == good);
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,24}", kind in 0..6_usize) {
        if let Ok(number) = IdNumber::parse(IdKind::ALL[kind], &text) {
            prop_assert!(number.value().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            prop_assert!(number.masked().contains('*'));
            prop_assert_eq!(IdNumber::parse(number.kind(), number.value()), Ok(number));
        }
        let _either = IdNumber::guess(&text);
    }
}
