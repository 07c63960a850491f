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
                fields: sent(&controls, None),
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
pub(super) fn controls(form: ElementRef<'_>) -> Option<Vec<ElementRef<'_>>> {
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

/// What is sent without anybody touching the form but the button at an index: by default its first.
pub(super) fn sent(controls: &[ElementRef], pressed: Option<usize>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let first = || controls.iter().position(|control| is_submit(*control));
    let pressed = pressed.or_else(first);
    for (index, control) in controls.iter().enumerate() {
        if control.attr("disabled").is_some() {
            continue;
        }
        let is_button = is_submit(*control);
        let goes = match kind(*control) {
            _ if is_button => pressed == Some(index),
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

pub(super) fn is_submit(control: ElementRef) -> bool {
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
                fields: sent(&controls(form).context("no selector")?, None),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn page(body: &str) -> Reply {
        Reply {
            url: "http://sso.test/cas/login?service=s".parse().unwrap(),
            status: 200,
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_owned(),
            took: Duration::ZERO,
        }
    }

    fn found(body: &str) -> LoginForm {
        LoginForm::find(&page(body), FieldNames::default()).unwrap()
    }

    fn sent(form: &Form) -> Vec<(&str, &str)> {
        let pairs = form.fields.iter();
        pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    /// Apereo's: a relative action, the flow in `execution`, a button with a name.
    #[test]
    fn a_form_with_a_flow() {
        let login = found(
            r#"<form id=search><input name=q></form>
            <form method="post" id="fm1" action="login">
              <input type="text" id="username" name="username" value="">
              <input type="password" id="password" name="password">
              <input type="checkbox" name="warn" value="true"> <input type="checkbox" name="rememberMe" value="true">
              <input type="hidden" name="execution" value="abc_e1s1==">
              <input type="hidden" name="_eventId" value="submit"><input type="hidden" name="geolocation">
              <button name="submitBtn" value="Login" type="submit">Login</button>
              <button type="button" name="reveal">Show</button>
            </form>"#,
        );
        let form = login.filled("u", "p");
        assert_eq!(form.action.as_str(), "http://sso.test/cas/login");
        assert_eq!(form.method, Method::POST);
        assert_eq!(form.field("execution"), Some("abc_e1s1=="));
        assert_eq!(form.field("submitBtn"), Some("Login"));
        assert_eq!(form.field("reveal"), None);
        assert_eq!(form.field("warn"), None);
        assert_eq!(
            (form.field("username"), form.field("password")),
            (Some("u"), Some("p"))
        );
        let warn = Checkbox {
            name: "warn".to_owned(),
            value: "true".to_owned(),
            checked: false,
        };
        assert_eq!(login.checkbox("WARN"), Some(&warn));
    }

    /// Keycloak's: an absolute action with a query, a box that is ticked without a value.
    #[test]
    fn a_form_with_an_absolute_action() {
        let login = found(
            r#"<form onsubmit="login.disabled = true" method="POST"
                 action="http://sso.test/realms/x/authenticate?session_code=a&amp;tab_id=b">
              <input tabindex="1" name="username" value="" type="text" autofocus>
              <input tabindex="2" name="password" type="password">
              <input name="rememberMe" type="checkbox" checked>
              <input type="hidden" name="credentialId">
              <input name="login" type="submit" value="Sign In">
            </form>"#,
        );
        assert_eq!(login.form.action.query(), Some("session_code=a&tab_id=b"));
        assert!(login.checkbox("rememberMe").unwrap().checked);
        assert_eq!(
            sent(&login.form),
            [
                ("username", ""),
                ("password", ""),
                ("rememberMe", "on"),
                ("credentialId", ""),
                ("login", "Sign In")
            ]
        );
    }

    /// Django's: no action at all.
    #[test]
    fn a_form_without_an_action() {
        let login = found(
            r#"<form class="form-signin" method="post" id="login_form">
              <input type="hidden" name="csrfmiddlewaretoken" value="T">
              <input type="hidden" name="service" value="http://a/?x=1&amp;y=%26"><input type="hidden" name="lt" value="LT-1">
              <input type="text" name="username" required><input type="password" name="password" required>
              <input type="checkbox" name="warn"><button type="submit">Login</button></form>"#,
        );
        assert_eq!(
            login.form.action.as_str(),
            "http://sso.test/cas/login?service=s"
        );
        assert_eq!(login.form.field("service"), Some("http://a/?x=1&y=%26"));
        assert_eq!(login.form.field("lt"), Some("LT-1"));
        assert_eq!(login.checkbox("warn").unwrap().value, "on");
    }

    /// Ours: a language form before it, a captcha, a select, and other buttons after the first.
    #[test]
    fn a_form_among_others() {
        let login = found(
            r#"<form action="/language"><input type=hidden name=to value=x><button name=lang value=en>English</button></form>
            <form id="main-form" method="post" action="/cas/login"><input type="hidden" name="csrf" value="c">
              <select name="kind"><option value=a>A<option value=b selected>B</select>
              <textarea name="note">n</textarea>
              <input name="username" autocomplete="username"><input name="captcha">
              <input type="password" name="password"><input type="text" name="off" disabled value=1>
              <button name="intent" value="sign-in">Sign in</button><button name="intent" value="recover">Forgot</button>
            </form>"#,
        );
        assert_eq!(login.username_field, "username");
        assert_eq!(
            sent(&login.filled("u", "p").without("captcha")),
            [
                ("csrf", "c"),
                ("kind", "b"),
                ("note", "n"),
                ("intent", "sign-in"),
                ("username", "u"),
                ("password", "p")
            ]
        );
    }

    #[test]
    fn fields_of_other_names_are_found_or_given() {
        let body = r"<form method=post><input type=hidden name=tok value=1><input type=email name=mail>
            <input type=password name=pw></form>";
        let login = found(body);
        assert_eq!(
            (login.username_field.as_str(), login.password_field.as_str()),
            ("mail", "pw")
        );
        let names = FieldNames {
            username: Some("tok"),
            password: None,
        };
        assert_eq!(
            LoginForm::find(&page(body), names).unwrap().username_field,
            "tok"
        );
        let wrong = FieldNames {
            username: None,
            password: Some("other"),
        };
        assert!(LoginForm::find(&page(body), wrong).is_none());
    }

    #[test]
    fn a_page_without_a_password_has_no_login_form() {
        for body in [
            "",
            "<form><input name=q></form>",
            "<input type=password name=p>",
            "<form><input type=password name=p></form>",
        ] {
            assert!(
                LoginForm::find(&page(body), FieldNames::default()).is_none(),
                "{body}"
            );
        }
    }
}
