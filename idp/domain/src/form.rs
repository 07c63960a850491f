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
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    let octets: Vec<u8> = percent_encoding::percent_decode(&spaced).collect();
    let mut decoded = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        decoded.push_str(chunk.valid());
        for octet in chunk.invalid() {
            decoded.push_str(percent_encoding::percent_encode_byte(*octet));
        }
    }
    decoded
}
