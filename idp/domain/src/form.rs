//! Queries and form bodies, for every protocol alike.

/// The pairs of a query or of an `application/x-www-form-urlencoded` body, percent-decoded exactly
/// once (CAS 3.0.3 §2.1.1, RFC 6749 appendix B).
///
/// Octets that are not UTF-8, as in the GBK addresses of old campus applications, stay
/// percent-encoded: a service's own query then still leads to the same page, where a replacement
/// character would lead to another.
pub fn decode_pairs(encoded: &[u8]) -> Vec<(String, String)> {
    encoded
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.iter().position(|b| *b == b'=') {
            Some(at) => (decode(&pair[..at]), decode(&pair[at + 1..])),
            None => (decode(pair), String::new()),
        })
        .collect()
}

fn decode(text: &[u8]) -> String {
    let octets = octets(text);
    let mut decoded = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        decoded.push_str(chunk.valid());
        for octet in chunk.invalid() {
            decoded.push_str(percent_encoding::percent_encode_byte(*octet));
        }
    }
    decoded
}

fn octets(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}

/// Octets of a form that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't UTF-8")]
pub struct NotUtf8;

/// The same, where another reading than UTF-8 is nobody's (RFC 6749 appendix B).
///
/// # Errors
/// [`NotUtf8`]
pub fn decode_pairs_strictly(encoded: &[u8]) -> Result<Vec<(String, String)>, NotUtf8> {
    let pairs = encoded
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let end = pair.iter().position(|b| *b == b'=');
            let (name, value) = end.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            Ok((decode_strictly(name)?, decode_strictly(value)?))
        })
        .collect()
}

/// One name or value of a form.
///
/// # Errors
/// [`NotUtf8`]
pub fn decode_strictly(text: &[u8]) -> Result<String, NotUtf8> {
    String::from_utf8(octets(text)).map_err(|_| NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test] // OID-33
    fn a_strict_reader_refuses_what_is_not_utf_8() {
        let good = decode_pairs_strictly("a=%E4%BD%A0+b&c&=d".as_bytes()).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(good, [pair("a", "你 b"), pair("c", ""), pair("", "d")]);
        for bad in [&b"a=%ff"[..], b"%80=b", b"a=\xfe", b"a=b&c=%C3%28"] {
            assert_eq!(decode_pairs_strictly(bad), Err(NotUtf8));
        }
        // What is no escape stays as it is.
        assert_eq!(decode_strictly(b"100%zz%"), Ok("100%zz%".to_owned()));
    }

    proptest! {
        #[test] // OID-33
        fn every_body_is_read_and_what_was_written_comes_back(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            pairs in proptest::collection::vec(("\\PC{1,8}", "\\PC{0,20}"), 0..6),
        ) {
            let loose = decode_pairs(&body);
            if let Ok(strict) = decode_pairs_strictly(&body) {
                prop_assert_eq!(strict, loose);
            }
            let mut written = url::form_urlencoded::Serializer::new(String::new());
            let written = written.extend_pairs(&pairs).finish();
            prop_assert_eq!(decode_pairs_strictly(written.as_bytes()), Ok(pairs));
        }
    }
}
