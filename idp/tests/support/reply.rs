use axum::http::{HeaderMap, StatusCode};

/// A response, read whole.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// The template of the page.
    pub fn page(&self) -> String {
        attribute(&self.body(), "data-page").unwrap_or_default()
    }

    /// What the page says went wrong or well.
    pub fn notice(&self) -> Option<String> {
        attribute(&self.body(), "data-notice")
    }

    /// The ticket of a redirect to a service.
    pub fn ticket(&self) -> Option<String> {
        let (_, rest) = self.location()?.split_once("ticket=")?;
        Some(rest.split(['&', '#']).next()?.to_owned())
    }

    pub fn captcha_id(&self) -> Option<String> {
        self.field("captcha_id")
    }

    /// Where the main form posts to.
    pub fn action(&self) -> String {
        attribute(&self.main_form(), "action").unwrap_or_default()
    }

    /// The hidden fields of the main form.
    pub fn hidden(&self) -> Vec<(String, String)> {
        self.main_form()
            .split("<input")
            .skip(1)
            .filter_map(|tag| {
                let tag = tag.split('>').next()?;
                if !tag.contains("type=\"hidden\"") {
                    return None;
                }
                Some((
                    attribute(tag, "name")?,
                    attribute(tag, "value").unwrap_or_default(),
                ))
            })
            .collect()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        self.hidden()
            .into_iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value)
    }

    /// Every `Set-Cookie`.
    pub fn cookies(&self) -> Vec<String> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|v| v.to_str().ok().map(str::to_owned))
            .collect()
    }

    fn main_form(&self) -> String {
        let body = self.body();
        let start = body
            .find("id=\"main-form\"")
            .and_then(|at| body[..at].rfind("<form"));
        let start = start.or_else(|| body.find("<form"));
        let Some(start) = start else {
            return String::new();
        };
        let end = body[start..]
            .find("</form>")
            .map_or(body.len(), |at| start + at);
        body[start..end].to_owned()
    }
}

fn attribute(html: &str, name: &str) -> Option<String> {
    let start = html.find(&format!("{name}=\""))? + name.len() + 2;
    let end = html[start..].find('"')? + start;
    Some(unescape(&html[start..end]))
}

fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
