use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a token says, by name. Whether it may be believed is its holder's to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

/// A claim is there and isn't of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not what it must be")]
pub struct NotAClaim(pub &'static str);

impl Claims {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text.
    ///
    /// # Errors
    /// [`NotAClaim`] when it is anything else.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, NotAClaim> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(NotAClaim(name)),
        }
    }

    /// A moment, in seconds since 1970 (`NumericDate`, RFC 7519 §2); parts of a second are cut
    /// off.
    ///
    /// # Errors
    /// [`NotAClaim`] when it is no number, lies before 1970 or beyond what a calendar holds.
    pub fn time(&self, name: &'static str) -> Result<Option<Timestamp>, NotAClaim> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float saturates, and a saturated one is no moment"
        )]
        let seconds = match (value.as_i64(), value.as_f64()) {
            (Some(whole), _) => whole,
            (None, Some(float)) => float as i64,
            (None, None) => return Err(NotAClaim(name)),
        };
        if seconds < 0 {
            return Err(NotAClaim(name));
        }
        let moment = Timestamp::from_second(seconds).map_err(|_| NotAClaim(name))?;
        Ok(Some(moment))
    }

    /// For whom the token is: `aud`, one text or a list of texts (RFC 7519 §4.1.3). Nobody when it
    /// is absent.
    ///
    /// # Errors
    /// [`NotAClaim`] for anything else.
    pub fn audiences(&self) -> Result<Vec<&str>, NotAClaim> {
        const AUD: NotAClaim = NotAClaim("aud");
        match self.get("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(all)) => all.iter().map(|one| one.as_str().ok_or(AUD)).collect(),
            Some(_) => Err(AUD),
        }
    }

    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}
