//! Presses a button of a page by what is written on it, in English or Chinese.

use reqwest::Method;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::client::Reply;
use super::login_form::{Form, controls, is_submit, sent};

const YES: &[&str] = &[
    "allow",
    "accept",
    "approve",
    "agree",
    "authorize",
    "authorise",
    "continue",
    "confirm",
    "consent",
    "grant",
    "yes",
    "允许",
    "同意",
    "授权",
    "继续",
    "确认",
    "确定",
];
const NO: &[&str] = &[
    "deny",
    "denied",
    "cancel",
    "reject",
    "refuse",
    "decline",
    "abort",
    "don't",
    "do not",
    "not now",
    "拒绝",
    "取消",
    "不同意",
    "不允许",
    "暂不",
];
const OUT: &[&str] = &[
    "sign out",
    "log out",
    "logout",
    "sign me out",
    "yes",
    "continue",
    "confirm",
    "退出",
    "登出",
    "注销",
    "确认",
    "确定",
];

/// The form of a page with its affirmative button pressed; None where it has none.
pub fn affirmative(reply: &Reply) -> Option<Form> {
    press(reply, |label| says(label, YES) && !says(label, NO))
}

/// The form with the button that refuses.
pub fn negative(reply: &Reply) -> Option<Form> {
    press(reply, |label| says(label, NO))
}

/// The address of a link that refuses.
pub fn negative_link(reply: &Reply) -> Option<Url> {
    let html = Html::parse_document(&reply.body);
    let links = Selector::parse("a[href]").ok()?;
    let link = html.select(&links).find(|link| says(&label(*link), NO))?;
    reply.url.join(link.attr("href")?).ok()
}

/// The first form with a visible field for text whose name is wanted, in lower case, and the field.
pub fn text_form(reply: &Reply, wanted: impl Fn(&str) -> bool) -> Option<(Form, String)> {
    let html = Html::parse_document(&reply.body);
    let forms = Selector::parse("form").ok()?;
    html.select(&forms).find_map(|form| {
        let field = controls(form)?.into_iter().find_map(|control| {
            let name = control.attr("name")?;
            let kind = control.attr("type").unwrap_or("text");
            let fits = matches!(kind, "text" | "tel" | "search") && wanted(&name.to_lowercase());
            fits.then(|| name.to_owned())
        })?;
        let form = pressed(&html, form, &reply.url, |label| !says(label, NO))?;
        Some((form, field))
    })
}

/// The form with the button that signs out.
pub fn sign_out(reply: &Reply) -> Option<Form> {
    press(reply, |label| says(label, OUT) && !says(label, NO))
}

fn says(label: &str, words: &[&str]) -> bool {
    words.iter().any(|word| label.contains(word))
}

/// The first form with a button whose label is wanted; labels are in lower case.
fn press(reply: &Reply, wanted: impl Fn(&str) -> bool) -> Option<Form> {
    let html = Html::parse_document(&reply.body);
    let forms = Selector::parse("form").ok()?;
    html.select(&forms)
        .find_map(|form| pressed(&html, form, &reply.url, &wanted))
}

fn pressed(
    html: &Html,
    form: ElementRef,
    page: &Url,
    wanted: impl Fn(&str) -> bool,
) -> Option<Form> {
    let mut controls = controls(form)?;
    // HTML §4.10.18.3: a control elsewhere may name its form.
    if let Some(id) = form.attr("id") {
        let elsewhere = Selector::parse("input[form], button[form]").ok()?;
        let named = html.select(&elsewhere);
        controls.extend(named.filter(|control| control.attr("form") == Some(id)));
    }
    let button = controls
        .iter()
        .position(|control| is_submit(*control) && wanted(&label(*control)))?;
    Some(Form {
        method: match form.attr("method") {
            Some(method) if method.eq_ignore_ascii_case("post") => Method::POST,
            _ => Method::GET,
        },
        action: page.join(form.attr("action").unwrap_or_default()).ok()?,
        fields: sent(&controls, Some(button)),
    })
}

fn label(button: ElementRef) -> String {
    let text: String = match button.value().name() {
        "input" => button.attr("value").unwrap_or("submit").to_owned(),
        _ => button.text().collect(),
    };
    // Typography knows another apostrophe than the words above.
    text.trim().to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn page(body: &str) -> Reply {
        Reply {
            url: "http://op.test/consent/1".parse().unwrap(),
            status: 200,
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_owned(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_consent_page_is_answered_either_way() {
        let page = page(
            "<form action=/language><button name=lang value=en>English</button></form>
            <form method=post action=/answer><input type=hidden name=csrf value=c>
            <button name=a value=0>Don’t allow</button><button name=a value=1>Allow</button></form>",
        );
        let yes = affirmative(&page).unwrap();
        assert_eq!(yes.action.as_str(), "http://op.test/answer");
        assert_eq!((yes.field("csrf"), yes.field("a")), (Some("c"), Some("1")));
        assert_eq!(negative(&page).unwrap().field("a"), Some("0"));
        assert!(sign_out(&page).is_none());
    }

    #[test]
    fn a_button_may_stand_outside_of_its_form() {
        let page = page(
            "<form id=f method=post action=/out><input type=hidden name=x value=y></form>
            <button form=f name=logout value=yes>Yes, sign me out</button>
            <button form=f>No, stay signed in</button>",
        );
        let form = sign_out(&page).unwrap();
        assert_eq!(
            (form.field("x"), form.field("logout")),
            (Some("y"), Some("yes"))
        );
    }

    #[test]
    fn a_page_without_a_question_has_no_answer() {
        assert!(affirmative(&page("<form><button>Search</button></form>")).is_none());
        let leave = page("<form method=post><button>退出登录</button></form>");
        assert!(sign_out(&leave).is_some());
    }
}
