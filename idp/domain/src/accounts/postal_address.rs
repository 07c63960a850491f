use super::text::{is_forbidden, tidy};

/// Where somebody lives or works, on one line, as the school writes it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostalAddress(String);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPostalAddress {
    #[error("must have 1 to 200 characters")]
    Length,
    #[error("contains a control character")]
    Character,
}

impl PostalAddress {
    /// In code points.
    pub const LONGEST: usize = 200;

    /// Spaces are tidied and what is invisible is dropped.
    ///
    /// # Errors
    /// [`BadPostalAddress`]
    pub fn parse(text: &str) -> Result<Self, BadPostalAddress> {
        if text.len() > Self::LONGEST * 32 {
            return Err(BadPostalAddress::Length);
        }
        let address = tidy(text);
        if address.chars().any(is_forbidden) {
            return Err(BadPostalAddress::Character);
        }
        if !(1..=Self::LONGEST).contains(&address.chars().count()) {
            return Err(BadPostalAddress::Length);
        }
        Ok(Self(address))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PostalAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostalAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_tidy_line() {
        let parse = |text: &str| PostalAddress::parse(text).map(|a| a.as_str().to_owned());
        let good = "浙江省杭州市西湖区余杭塘路866号 3幢 101";
        assert_eq!(parse(&format!("  {good} ")), Ok(good.to_owned()));
        assert_eq!(parse(" "), Err(BadPostalAddress::Length));
        assert_eq!(parse(&"路".repeat(201)), Err(BadPostalAddress::Length));
        assert_eq!(parse(&"路".repeat(100_000)), Err(BadPostalAddress::Length));
        assert_eq!(parse("a\u{0}b"), Err(BadPostalAddress::Character));
        let hidden = format!("{:?}", PostalAddress::parse(good).unwrap());
        assert_eq!(hidden, "PostalAddress(…)");
    }
}
