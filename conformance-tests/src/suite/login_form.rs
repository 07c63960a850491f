//! Finds the login form of any server, by its password field.

use anyhow::{Context as _, Result};
use reqwest::Method;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::client::Reply;

/// What a submission sends.
#[derive(Clone, Debug)]
pub struct Form {
    pub method: Method,
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

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A box that may be ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkbox {
    pub name: String,
    /// What is sent when it is ticked.
    pub value: String,
    pub checked: bool,
}

/// A login form as the page shows it.
#[derive(Clone, Debug)]
pub struct LoginForm {
    /// With what a browser would send if nobody touched anything.
    pub form: Form,
    pub username_field: String,
    pub password_field: String,
    pub checkboxes: Vec<Checkbox>,
}

/// The names of the fields, where they are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldNames<'a> {
    pub username: Option<&'a str>,
    pub password: Option<&'a str>,
}

impl LoginForm {
    /// The login form of a page; None where it has none.
    pub fn find(reply: &Reply, names: FieldNames) -> Option<Self> {
        let html = Html::parse_document(&reply.body);
        let forms = Selector::parse("form").ok()?;
        html.select(&forms)
            .find_map(|form| Self::read(form, &reply.url, names))
    }

    fn read(form: ElementRef, page: &Url, names: FieldNames) -> Option<Self> {
        let controls = controls(form)?;
        let is_password = |control: &ElementRef| match names.password {
            Some(name) => control.attr("name") == Some(name),
            None => kind(*control) == "password" && control.attr("name").is_some(),
        };
        let password = controls.iter().position(is_password)?;
        let username = username(&controls, password, names)?;
        let name = |at: usize| controls[at].attr("name").map(str::to_owned);
        Some(Self {
            username_field: name(username)?,
            password_field: name(password)?,
            checkboxes: controls
                .iter()
                .filter_map(|control| checkbox(*control))
                .collect(),
            form: Form {
                method: match form.attr("method") {
                    Some(method) if method.eq_ignore_ascii_case("post") => Method::POST,
                    _ => Method::GET,
                },
                // HTML §4.10.21.3: no action is the page's own address.
                action: page.join(form.attr("action").unwrap_or_default()).ok()?,
                fields: sent(&controls),
            },
        })
    }

    /// Filled in.
    pub fn filled(&self, username: &str, password: &str) -> Form {
        let form = self.form.clone().with(&self.username_field, username);
        form.with(&self.password_field, password)
    }

    /// The box of a name, in any spelling of upper and lower case.
    pub fn checkbox(&self, name: &str) -> Option<&Checkbox> {
        self.checkboxes
            .iter()
            .find(|known| known.name.eq_ignore_ascii_case(name))
    }
}

/// The controls of a form in the order of the page: also those that name it from elsewhere.
fn controls(form: ElementRef<'_>) -> Option<Vec<ElementRef<'_>>> {
    let selector = Selector::parse("input, select, textarea, button").ok()?;
    Some(form.select(&selector).collect())
}

/// The field given, or one named `username`, or the last text field before the password.
fn username(controls: &[ElementRef], password: usize, names: FieldNames) -> Option<usize> {
    let named = names.username.unwrap_or("username");
    let by_name = controls
        .iter()
        .position(|control| control.attr("name") == Some(named));
    if by_name.is_some() || names.username.is_some() {
        return by_name;
    }
    controls[..password].iter().rposition(|control| {
        control.attr("name").is_some()
            && control.value().name() == "input"
            && matches!(kind(*control), "text" | "email" | "tel" | "number")
    })
}

/// The type of an input; `text` where it is missing.
fn kind(control: ElementRef<'_>) -> &str {
    control.attr("type").unwrap_or("text")
}

fn checkbox(control: ElementRef) -> Option<Checkbox> {
    (kind(control) == "checkbox").then_some(())?;
    Some(Checkbox {
        name: control.attr("name")?.to_owned(),
        value: control.attr("value").unwrap_or("on").to_owned(),
        checked: control.attr("checked").is_some(),
    })
}

/// What is sent without anybody touching the form but its first button.
fn sent(controls: &[ElementRef]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut clicked = false;
    for control in controls {
        if control.attr("disabled").is_some() {
            continue;
        }
        let is_button = is_submit(*control);
        let goes = match kind(*control) {
            _ if is_button => !std::mem::replace(&mut clicked, true),
            "checkbox" | "radio" => control.attr("checked").is_some(),
            "button" | "reset" | "image" | "file" => false,
            _ => control.value().name() != "button",
        };
        if let (true, Some(name)) = (goes, control.attr("name")) {
            fields.push((name.to_owned(), value(*control)));
        }
    }
    fields
}

fn is_submit(control: ElementRef) -> bool {
    match control.value().name() {
        "button" => control.attr("type").is_none_or(|kind| kind == "submit"),
        "input" => kind(control) == "submit",
        _ => false,
    }
}

fn value(control: ElementRef) -> String {
    match control.value().name() {
        "textarea" => control.text().collect(),
        "select" => selected(control).unwrap_or_default(),
        _ => {
            let default = if matches!(kind(control), "checkbox" | "radio") {
                "on"
            } else {
                ""
            };
            control.attr("value").unwrap_or(default).to_owned()
        }
    }
}

fn selected(select: ElementRef) -> Option<String> {
    let options = Selector::parse("option").ok()?;
    let mut all = select.select(&options);
    let first = all.next()?;
    let chosen = std::iter::once(first)
        .chain(all)
        .find(|option| option.attr("selected").is_some());
    let option = chosen.unwrap_or(first);
    let text = || option.text().collect::<String>();
    Some(option.attr("value").map_or_else(text, str::to_owned))
}

/// All forms of a page, with what a browser would send of each.
pub fn forms(reply: &Reply) -> Result<Vec<Form>> {
    let html = Html::parse_document(&reply.body);
    let selector = Selector::parse("form").map_err(|error| anyhow::anyhow!("{error}"))?;
    html.select(&selector)
        .map(|form| {
            let is_post = form
                .attr("method")
                .is_some_and(|it| it.eq_ignore_ascii_case("post"));
            Ok(Form {
                method: if is_post { Method::POST } else { Method::GET },
                action: reply.url.join(form.attr("action").unwrap_or_default())?,
                fields: sent(&controls(form).context("no selector")?),
            })
        })
        .collect()
}
