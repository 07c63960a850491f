use super::pattern::check_host;
use super::{BadAddress, Names, PatternRules, ServiceUrl};

/// How an application stands in launchers, such as the hall's; everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub url: PageUrl,
    /// Under which heading.
    pub category: Names,
    pub description: Names,
}

/// A page that people may open from elsewhere: a link, never a target of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageUrl(String);

impl PageUrl {
    /// `demo` permits loopback hosts.
    ///
    /// # Errors
    /// [`BadAddress`]
    pub fn parse(text: &str, demo: bool) -> Result<Self, BadAddress> {
        let url = ServiceUrl::parse(text)?;
        if text.contains('*') {
            return Err(BadAddress::Wildcard);
        }
        let rules = PatternRules {
            plain_http: true,
            demo,
        };
        check_host(&url.host, rules)?;
        let mut address = url.canonical().to_owned();
        if let Some(fragment) = url.fragment() {
            address.push('#');
            address.push_str(fragment);
        }
        Ok(Self(address))
    }

    /// ASCII, in canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
