//! A browser's cookies, kept by hand: the suite has to see their attributes and to replay old ones.

use cookie::{Cookie, Expiration};
use url::Url;

use super::clock;

/// The cookies that one host set.
#[derive(Clone, Debug, Default)]
pub struct Jar(Vec<Cookie<'static>>);

impl Jar {
    /// Takes a `Set-Cookie` of an answer of `url`; one that has expired deletes.
    pub fn set(&mut self, header: &str, url: &Url) {
        let Ok(mut cookie) = Cookie::parse(header.to_owned()) else {
            return;
        };
        if cookie.path().is_none_or(|path| !path.starts_with('/')) {
            cookie.set_path(default_path(url));
        }
        let same = |known: &Cookie| known.name() == cookie.name() && known.path() == cookie.path();
        self.0.retain(|known| !same(known));
        if !is_expired(&cookie) {
            self.0.push(cookie);
        }
    }

    /// The header `Cookie` for a request to `url`.
    pub fn header(&self, url: &Url) -> Option<String> {
        let sent: Vec<String> = self
            .0
            .iter()
            .filter(|cookie| covers(cookie.path().unwrap_or("/"), url.path()))
            .map(|cookie| cookie.stripped().to_string())
            .collect();
        (!sent.is_empty()).then(|| sent.join("; "))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Cookie<'static>> {
        self.0.iter()
    }

    /// Forgets a cookie.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|cookie| cookie.name() != name);
    }

    pub fn get(&self, name: &str) -> Option<&Cookie<'static>> {
        self.0.iter().find(|cookie| cookie.name() == name)
    }
}

/// Whether a cookie tells the browser to forget it.
pub fn is_expired(cookie: &Cookie) -> bool {
    // RFC 6265 §4.1.2.2: Max-Age goes before Expires.
    if let Some(age) = cookie.max_age() {
        return !age.is_positive();
    }
    match cookie.expires() {
        Some(Expiration::DateTime(end)) => end.unix_timestamp() <= clock::now().as_second(),
        _ => false,
    }
}

/// RFC 6265 §5.1.4.
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder.to_owned(),
        _ => "/".to_owned(),
    }
}

/// RFC 6265 §5.1.4: path-match.
fn covers(path: &str, request: &str) -> bool {
    request
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_where_their_path_says_until_they_are_expired() {
        let login: Url = "http://localhost/cas/login".parse().unwrap();
        let elsewhere: Url = "http://localhost/casino".parse().unwrap();
        let mut jar = Jar::default();
        jar.set("TGC=a; Path=/cas; HttpOnly", &login);
        jar.set("other=b", &login);
        assert_eq!(jar.header(&login).unwrap(), "TGC=a; other=b");
        assert_eq!(jar.header(&elsewhere), None);
        jar.set("TGC=; Path=/cas; Max-Age=0", &login);
        jar.set("other=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", &login);
        assert_eq!(jar.header(&login), None);
    }
}
