//! An answer of the server, read as a browser would read it.

use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it was asked for.
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A form, filled in as far as the page fills it in.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: Url,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// Sets a field, whether or not the page gave it a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }
}

impl Page {
    /// The template's name without `.html`: `sign_in`, `evidence`, …; empty for what is no page.
    pub fn name(&self) -> String {
        let shown = self.attribute("body", "data-page").unwrap_or_default();
        shown.trim_end_matches(".html").to_owned()
    }

    /// Fails, showing the page, unless it is the one of that name.
    pub fn expect(self, name: &str) -> Result<Self> {
        if self.name() == name {
            return Ok(self);
        }
        bail!("expected the page «{name}», got {}", self.summary());
    }

    /// The kind of the notice shown, such as `wrong_password`.
    pub fn notice(&self) -> Option<String> {
        self.attribute("[data-notice]", "data-notice")
    }

    /// Where it redirects to.
    pub fn redirect(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        self.url.join(location).ok()
    }

    /// The value of the parameter `ticket` of the redirect, where there is one.
    pub fn ticket(&self) -> Option<String> {
        self.redirected_with("ticket")
    }

    /// The same of `code`.
    pub fn code(&self) -> Option<String> {
        self.redirected_with("code")
    }

    /// The first value of a parameter of the redirect.
    pub fn redirected_with(&self, name: &str) -> Option<String> {
        let target = self.redirect()?;
        let found = target.query_pairs().find(|(known, _)| known == name)?;
        Some(found.1.into_owned())
    }

    /// The main form with what a browser would send of it if it were submitted untouched.
    pub fn form(&self) -> Result<Form> {
        self.form_at("#main-form")
    }

    /// The form at a CSS selector.
    pub fn form_at(&self, selector: &str) -> Result<Form> {
        let html = Html::parse_document(&self.body);
        let form = html
            .select(&parse(selector)?)
            .next()
            .with_context(|| format!("no form {selector} on {}", self.summary()))?;
        let action = self.url.join(form.attr("action").unwrap_or_default())?;
        let mut fields = Vec::new();
        for input in form.select(&parse("input[name]")?) {
            if let (Some(name), true) = (input.attr("name"), is_sent(input)) {
                let value = input.attr("value").unwrap_or_default();
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Form { action, fields })
    }

    /// An attribute of the first element at a CSS selector.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let html = Html::parse_document(&self.body);
        let element = html.select(&parse(selector).ok()?).next()?;
        element.attr(name).map(str::to_owned)
    }

    /// The same of all elements at the selector that have it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let Ok(selector) = parse(selector) else {
            return Vec::new();
        };
        html.select(&selector)
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    /// The text of the first element at a CSS selector, without the space around it.
    pub fn text(&self, selector: &str) -> Option<String> {
        let html = Html::parse_document(&self.body);
        let element = html.select(&parse(selector).ok()?).next()?;
        Some(element.text().collect::<String>().trim().to_owned())
    }

    /// The targets of all links and sources, resolved.
    pub fn links(&self) -> Vec<Url> {
        let html = Html::parse_document(&self.body);
        let mut links = Vec::new();
        for (selector, name) in [("[href]", "href"), ("[src]", "src")] {
            let Ok(selector) = parse(selector) else {
                continue;
            };
            links.extend(
                html.select(&selector)
                    .filter_map(|element| self.url.join(element.attr(name)?).ok()),
            );
        }
        links
    }

    /// Address, status and text in short, for a message about what went wrong.
    pub fn summary(&self) -> String {
        const MOST: usize = 400;
        let text = self.text("main").or_else(|| self.text("body"));
        let text = text.unwrap_or_else(|| self.body.clone());
        let words: Vec<&str> = text.split_whitespace().collect();
        let short: String = words.join(" ").chars().take(MOST).collect();
        format!(
            "{} {} (page «{}», notice {:?}, redirect {:?}): {short}",
            self.status,
            self.url,
            self.name(),
            self.notice(),
            self.redirect().map(String::from),
        )
    }
}

/// What a browser sends without anybody touching the form: no button, no empty box.
fn is_sent(input: ElementRef) -> bool {
    match input.attr("type").unwrap_or("text") {
        "submit" | "button" | "image" | "reset" => false,
        "checkbox" | "radio" => input.attr("checked").is_some(),
        _ => input.attr("disabled").is_none(),
    }
}

fn parse(selector: &str) -> Result<Selector> {
    Selector::parse(selector).map_err(|error| anyhow!("{selector}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        Page {
            url: "http://localhost:8080/cas/login?service=x".parse().unwrap(),
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn a_form_carries_what_a_browser_would_send() {
        let page = page(
            r#"<body data-page="sign_in.html"><form id="main-form" method="post" action="/cas/login">
               <input type="hidden" name="csrf" value="a&amp;b"><input name="username">
               <input type="checkbox" name="accept" value="on"><button name="intent" value="x">
               </form>"#,
        );
        let form = page.form().unwrap().with("username", "20230001");
        assert_eq!(page.name(), "sign_in");
        assert_eq!(form.action.as_str(), "http://localhost:8080/cas/login");
        assert_eq!(
            form.fields,
            [("csrf", "a&b"), ("username", "20230001")].map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn a_page_without_the_form_says_what_it_was() {
        let error = page("<main>Not found</main>").form().unwrap_err();
        assert!(error.to_string().contains("Not found"), "{error}");
    }
}
