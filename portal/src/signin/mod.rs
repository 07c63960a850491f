//! Signing in through the identity provider, and out again: the hall as a relying party.

mod backchannel;
mod begin;
mod callback;
mod leave;
mod renew;
mod session;
mod state;

pub(crate) use backchannel::tell;
pub(crate) use begin::begin;
pub(crate) use callback::callback;
pub(crate) use leave::{has_left, leave};
pub(crate) use session::{Session, idle_since};

use url::Url;

/// A longer path of ours isn't come back to.
const LONGEST_PATH: usize = 512;

/// One of our own paths, or `/` for whatever isn't one (RED-03): `//host`, `/\host` and control
/// characters would lead elsewhere.
pub(crate) fn own_path(text: &str) -> &str {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>'));
    let own = text.starts_with('/')
        && !text.starts_with("//")
        && plain
        && text.len() <= LONGEST_PATH
        && stays(text);
    if own { text } else { "/" }
}

/// As browsers read it, the path leads to no other host.
fn stays(path: &str) -> bool {
    Url::parse("http://hall.invalid")
        .and_then(|base| base.join(path))
        .is_ok_and(|url| url.host_str() == Some("hall.invalid") && url.username().is_empty())
}

/// Where a sign-in begins that comes back to `to`.
pub(crate) fn address(to: &str) -> String {
    if to == "/" {
        return "/signin".into();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("to", to);
    format!("/signin?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // RED-03
    fn only_our_own_paths_are_come_back_to() {
        for good in [
            "/",
            "/?q=%E5%9B%BE",
            "/services/1?x=https://evil.example",
            "/a//b",
        ] {
            assert_eq!(own_path(good), good);
        }
        for bad in [
            "",
            "x",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n//evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/图",
            "/ x",
        ] {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
        let long = format!("/{}", "x".repeat(LONGEST_PATH));
        assert_eq!(own_path(&long), "/");
        assert_eq!(address("/?q=a&b"), "/signin?to=%2F%3Fq%3Da%26b");
    }
}
