//! Passwords that everybody chooses, beside those that zxcvbn knows (which are English ones).

use std::collections::HashSet;
use std::sync::LazyLock;

/// One folded fragment a line; `#` begins a comment.
static FRAGMENTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// The longest fragment, in bytes.
static LONGEST: LazyLock<usize> =
    LazyLock::new(|| FRAGMENTS.iter().map(|f| f.len()).max().unwrap_or(0));

/// So few other characters make no password of a fragment.
const FEW: usize = 4;

/// True when a folded password is made of known fragments and hardly anything else:
/// `woaini1314`, `5201314520!`, `qq123456789`.
pub(super) fn is_common(folded: &str) -> bool {
    let plain: Vec<u8> = folded
        .bytes()
        .filter(|b| !b.is_ascii_punctuation() && *b != b' ')
        .collect();
    // others[i]: the fewest characters outside of fragments among the first i bytes.
    let mut others = vec![0_usize; plain.len() + 1];
    for end in 1..=plain.len() {
        // A Chinese character counts once, at its first byte.
        let own = usize::from(plain[end - 1] & 0xc0 != 0x80);
        let mut least = others[end - 1] + own;
        for start in end.saturating_sub(*LONGEST)..end {
            let known =
                std::str::from_utf8(&plain[start..end]).is_ok_and(|part| FRAGMENTS.contains(part));
            if known {
                least = least.min(others[start]);
            }
        }
        others[end] = least;
    }
    let total = plain.iter().filter(|b| **b & 0xc0 != 0x80).count();
    others[plain.len()] < FEW.min(total.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn favourites_and_their_combinations_are_common() {
        for password in [
            "woaini1314",
            "woaini1314520",
            "5201314520",
            "5201314!!!",
            "qq123456789",
            "a123456789",
            "1qaz2wsx3edc",
            "woaini_200",
            "147258369a",
            "beida123456",
            "我爱你5201314",
            "xiaoyuan123456",
            "password12345",
            "abc1234567",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn others_are_not() {
        for password in [
            "campus-2026-demo",
            "correct horse battery staple",
            "春眠不觉晓处处闻啼鸟",
            "tr0ub4dor&3xyz",
            "woainimengxiaoyu",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_list_is_folded_and_without_doubles() {
        let lines: Vec<_> = include_str!("common_passwords.txt")
            .lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
            .collect();
        assert_eq!(lines.len(), FRAGMENTS.len());
        for line in lines {
            assert_eq!(line, super::super::text::fold(line.trim()), "{line}");
            assert!(line.chars().count() >= 2, "{line}");
        }
    }
}
