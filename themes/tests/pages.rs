//! Every page in every look: what must hold of the HTML whatever the values are.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod html;

use std::collections::BTreeSet;

use html::{Element, elements};
use serde_json::{Value, json};
use themes::{Frame, Locale, Names, Sample, ThemeOptions, Themes, every_sample, pages::Notice};

fn themes() -> Themes {
    let names = |zh: &str, en: &str| Names {
        zh_cn: zh.into(),
        en: en.into(),
    };
    Themes::load(&ThemeOptions {
        school: names("示例大学", "Example University"),
        desk: names("信息中心服务台", "the IT service desk"),
        ..ThemeOptions::default()
    })
    .unwrap()
}

fn frame(locale: Locale) -> Frame {
    let mut frame = Frame::new(locale, "/help").with_links(|to| format!("?locale={to}"));
    frame.demo = true;
    frame
}

/// Every sample, and those of pages that can have a notice with each notice.
fn samples() -> Vec<Sample> {
    let mut all = every_sample();
    for sample in every_sample() {
        if sample.page.get("notice").is_some() {
            all.extend(Notice::samples().into_iter().map(|notice| {
                let mut sample = sample.clone();
                sample.page["notice"] = serde_json::to_value(notice).unwrap();
                sample
            }));
        }
    }
    all
}

/// Calls `check` with every page; a failure names it.
fn for_every_page(themes: &Themes, samples: &[Sample], check: impl Fn(&str, &Sample, Locale)) {
    for locale in Locale::ALL {
        for sample in samples {
            let html = themes
                .render_sample(&frame(locale), sample)
                .unwrap_or_else(|error| panic!("{}/{}: {error}", sample.template, sample.name));
            check(&html, sample, locale);
        }
    }
}

#[test]
fn every_page_renders_in_both_languages() {
    for_every_page(&themes(), &samples(), |html, sample, locale| {
        let page = sample.template.trim_end_matches(".html");
        let all = elements(html);
        let one = |name: &str| all.iter().find(|element| element.name == name);
        assert_eq!(one("html").unwrap().get("lang"), Some(locale.tag()));
        assert_eq!(one("body").unwrap().get("data-page"), Some(page));
        let headings = all.iter().filter(|element| element.name == "h1").count();
        assert_eq!(headings, 1, "{page}/{}", sample.name);
        assert!(one("main").is_some() || page == "old_browser");
    });
}

#[test]
fn a_page_has_nothing_that_the_content_policy_forbids() {
    for_every_page(&themes(), &samples(), |html, sample, _| {
        for element in elements(html) {
            let place = format!("{}/{}: {element:?}", sample.template, sample.name);
            assert_ne!(element.name, "style", "{place}");
            if element.name == "script" {
                let source = element.get("src").unwrap_or_default();
                assert!(source.starts_with("/assets/"), "{place}");
            }
            for (name, value) in &element.attributes {
                assert_ne!(name, "style", "{place}");
                assert!(!name.starts_with("on"), "{place}");
                // Frames are the applications' own; `frame-src` names them.
                let loads = matches!(name.as_str(), "src" | "href")
                    && !matches!(element.name.as_str(), "a" | "iframe");
                assert!(!loads || value.starts_with('/'), "{place}");
            }
        }
    });
}

#[test]
fn every_field_has_a_label_and_is_told_its_notice() {
    for_every_page(&themes(), &samples(), |html, sample, _| {
        let all = elements(html);
        let ids: Vec<_> = all.iter().filter_map(|element| element.get("id")).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        let place = format!("{}/{}", sample.template, sample.name);
        assert_eq!(ids.len(), unique.len(), "{place}: an id is there twice");
        for element in &all {
            for reference in ["aria-describedby", "aria-controls", "for", "form"] {
                for id in element
                    .get(reference)
                    .unwrap_or_default()
                    .split_whitespace()
                {
                    assert!(ids.contains(&id), "{place}: nothing has the id {id:?}");
                }
            }
            let typed = element.name == "input" && element.get("type") != Some("hidden");
            if typed && element.get("hidden").is_none() {
                assert!(is_labelled(element, &all), "{place}: {element:?}");
            }
        }
        for field in all.iter().filter(|one| one.get("aria-invalid").is_some()) {
            let described = field.get("aria-describedby").unwrap_or_default();
            assert!(described.split(' ').any(|id| id == "notice"), "{place}");
        }
        if let Some(kind) = sample.page["notice"]["kind"].as_str() {
            let notice = all
                .iter()
                .find(|one| one.get("id") == Some("notice"))
                .unwrap();
            assert_eq!(notice.get("data-notice"), Some(kind));
            assert!(matches!(notice.get("role"), Some("alert" | "status")));
        }
    });
}

fn is_labelled(input: &Element, all: &[Element]) -> bool {
    let id = input.get("id");
    let by_id = |one: &Element| one.name == "label" && id.is_some() && one.get("for") == id;
    input.parents.iter().any(|parent| parent == "label")
        || input.get("aria-label").is_some()
        || all.iter().any(by_id)
}

#[test]
fn a_form_is_sent_with_its_token_and_what_is_carried() {
    for_every_page(&themes(), &samples(), |html, sample, _| {
        let all = elements(html);
        let place = format!("{}/{}", sample.template, sample.name);
        if sample.template == "post_ticket.html" {
            return;
        }
        let forms = all.iter().filter(|one| one.name == "form");
        for form in forms.filter(|form| form.get("method") == Some("post")) {
            let id = form.get("id").unwrap();
            let field = |name: &str| {
                all.iter()
                    .any(|one| one.form.as_deref() == Some(id) && one.get("name") == Some(name))
            };
            assert!(field("csrf") && field("service"), "{place}: form {id:?}");
        }
    });
}

#[test]
fn enter_in_a_code_field_verifies() {
    let with_code = samples()
        .into_iter()
        .filter(|sample| sample.page.get("code").is_some_and(Value::is_object));
    let with_code: Vec<_> = with_code.collect();
    assert!(
        with_code.len() > 50,
        "three pages with a dozen notices each"
    );
    for_every_page(&themes(), &with_code, |html, sample, _| {
        let all = elements(html);
        let code = all
            .iter()
            .find(|one| one.get("name") == Some("code"))
            .unwrap();
        // HTML 4.10.21.2: the first submit button in tree order whose form owner is the form.
        let default = all
            .iter()
            .filter(|one| one.name == "button" && one.get("type") != Some("button"))
            .find(|one| one.get("form").or(one.form.as_deref()) == code.form.as_deref())
            .unwrap();
        assert_eq!(default.get("value"), Some("verify"), "{}", sample.template);
        assert_eq!(default.get("id"), Some("submit"));
        assert_eq!(code.get("autocomplete"), Some("one-time-code"));
        assert_eq!(code.get("inputmode"), Some("numeric"));
    });
}

const LIVE: &str = "\"'><img src=x onerror=1><svg/onload=1>{{ 7*7 }}";

/// Puts the payload into every string that a visitor could have a hand in.
fn poison(value: &mut Value) {
    match value {
        // The kinds of notices and steps choose a text and are never from outside.
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(key, _)| {
                !matches!(
                    key.as_str(),
                    "kind" | "fault" | "failure" | "steps" | "state"
                )
            })
            .for_each(|(_, value)| poison(value)),
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::String(text) => LIVE.clone_into(text),
        _ => {}
    }
}

#[test]
fn no_value_becomes_a_tag() {
    let themes = Themes::load(&ThemeOptions {
        school: Names {
            zh_cn: LIVE.into(),
            en: LIVE.into(),
        },
        desk: Names {
            zh_cn: LIVE.into(),
            en: LIVE.into(),
        },
        ..ThemeOptions::default()
    })
    .unwrap();
    let mut samples = samples();
    for sample in &mut samples {
        poison(&mut sample.page);
    }
    for_every_page(&themes, &samples, |html, sample, _| {
        assert!(html.contains("&lt;img src=x"), "{}", sample.template);
        assert!(
            html.contains("{{ 7*7 }}"),
            "{}: a value is no template",
            sample.template
        );
        for element in elements(html) {
            assert_ne!(
                element.get("src"),
                Some("x"),
                "{}: {element:?}",
                sample.template
            );
            let event = |(name, _): &(String, String)| name.starts_with("on");
            assert!(!element.attributes.iter().any(event), "{element:?}");
        }
    });
}

#[test]
fn escaping_keeps_addresses_readable() {
    let sample = every_sample().remove(0);
    let html = themes().render_sample(&frame(Locale::En), &sample).unwrap();
    assert!(html.contains(r#"action="/cas/login""#));
    assert!(html.contains(r#"value="https://lib.example.edu/?a=1&amp;b=2""#));
}

#[test]
fn a_password_is_never_given_back_nor_cut() {
    for_every_page(&themes(), &samples(), |html, _, _| {
        for element in elements(html) {
            if element.get("type") == Some("password") {
                assert_eq!(element.get("value"), None);
                assert!(
                    element.get("maxlength").is_none(),
                    "would cut a pasted password"
                );
            }
        }
    });
}

#[test]
fn an_affiliation_without_a_text_is_shown_as_it_is() {
    let mut sample = every_sample()
        .into_iter()
        .find(|sample| sample.template == "no_access.html")
        .unwrap();
    sample.page["reason"]["admitted"] = json!(["student", "visiting-scholar"]);
    let html = themes().render_sample(&frame(Locale::En), &sample).unwrap();
    assert!(html.contains("<li>Students</li>"));
    assert!(html.contains("<li>visiting-scholar</li>"));
}

#[test]
fn the_queue_comes_back_by_itself() {
    let sample = every_sample()
        .into_iter()
        .find(|sample| sample.template == "queue.html")
        .unwrap();
    let html = themes()
        .render_sample(&frame(Locale::ZhCn), &sample)
        .unwrap();
    assert!(
        html.contains(r#"<meta http-equiv="refresh" content="3;url=/signin/queue?ticket=q7f3">"#)
    );
}

/// The HTML of one sample.
fn shown(template: &str, name: &str, locale: Locale) -> String {
    let sample = every_sample()
        .into_iter()
        .find(|sample| sample.template == template && sample.name == name)
        .unwrap();
    themes().render_sample(&frame(locale), &sample).unwrap()
}

#[test]
fn a_form_to_an_application_has_nothing_of_ours() {
    for locale in Locale::ALL {
        let html = shown("post_ticket.html", "post", locale);
        let all = elements(&html);
        let form = all.iter().find(|one| one.name == "form").unwrap();
        assert_eq!(
            form.get("action"),
            Some("https://lib.example.edu/?a=1&amp;b=2")
        );
        let fields = all.iter().filter(|one| one.form.is_some());
        let names: Vec<_> = fields.filter_map(|one| one.get("name")).collect();
        assert_eq!(
            names,
            ["ticket"],
            "a token against forgery would be told to it"
        );
        assert_eq!(html.matches("ST-").count(), 1, "the ticket is nowhere else");
        let button = all.iter().find(|one| one.name == "button").unwrap();
        assert!(button.get("hidden").is_none(), "there may be no script");
    }
}

#[test]
fn days_and_hours_are_said_in_words() {
    let zh = shown("no_access.html", "times", Locale::ZhCn);
    for words in [
        "周一至周五",
        "08:00–22:00",
        "周六、周日",
        "22:00–次日 02:00",
    ] {
        assert!(zh.contains(words), "{words}");
    }
    let zh = shown("no_access.html", "every_day", Locale::ZhCn);
    assert_eq!(zh.matches("每天").count(), 2, "no day given, and all seven");
    assert!(zh.contains("周一、周三、周四、周日"));
    let en = shown("no_access.html", "times", Locale::En);
    assert!(en.contains("Monday to Friday") && en.contains("Saturday, Sunday"));
    let until = shown("no_access.html", "over", Locale::En);
    assert!(until.contains("31 January 2027"));
    let from = shown("no_access.html", "not_yet", Locale::ZhCn);
    assert!(from.contains("2026 年 9 月 1 日"));
}

#[test]
fn the_headline_after_the_sign_out_counts_the_applications() {
    let headline = |name, locale| {
        let html = shown("signed_out.html", name, locale);
        let (_, rest) = html.split_once("<h1>").unwrap();
        rest.split_once("</h1>").unwrap().0.to_owned()
    };
    let zh = |name| headline(name, Locale::ZhCn);
    assert_eq!(zh("retrying"), "已退出 5\u{a0}个系统，1\u{a0}个仍在重试");
    assert_eq!(zh("all"), "已退出 5\u{a0}个系统");
    assert_eq!(zh("waiting"), "已退出登录，正在退出 3\u{a0}个系统");
    assert_eq!(
        zh("failed"),
        "已退出 2\u{a0}个系统，1\u{a0}个已通知（未确认），1\u{a0}个仍在重试，2\u{a0}个未能退出"
    );
    assert_eq!(
        zh("told"),
        "已退出 3\u{a0}个系统，2\u{a0}个已通知（未确认），1\u{a0}个仍在重试"
    );
    assert_eq!(
        zh("told_alone"),
        "已退出登录，1\u{a0}个系统已通知（未确认）"
    );
    let en = |name| headline(name, Locale::En);
    assert_eq!(
        en("retrying"),
        "Signed out of 5 systems; 1 still being retried"
    );
    assert_eq!(
        en("told"),
        "Signed out of 3 systems; 2 told, not confirmed; 1 still being retried"
    );
    assert_eq!(
        en("told_alone"),
        "You have signed out; 1 system told, not confirmed"
    );
}

#[test]
fn a_ledger_looks_again_while_something_moves() {
    let refresh = |name| {
        let html = shown("signed_out.html", name, Locale::ZhCn);
        html.contains("http-equiv=\"refresh\"")
    };
    assert!(refresh("retrying") && refresh("waiting"));
    assert!(!refresh("all") && !refresh("failed_alone") && !refresh("ended"));
    let onward = shown("signed_out.html", "onward", Locale::ZhCn);
    assert_eq!(onward.matches("http-equiv").count(), 1, "going on wins");
    assert!(onward.contains(r#"content="3;url=https://lib.example.edu/bye?a=1&amp;b=2""#));
}

#[test]
fn frames_of_applications_are_out_of_sight_and_confined() {
    let html = shown("signed_out.html", "front", Locale::En);
    let all = elements(&html);
    let frames: Vec<_> = all.iter().filter(|one| one.name == "iframe").collect();
    assert_eq!(frames.len(), 1);
    for frame in frames {
        assert!(frame.get("hidden").is_some());
        assert_eq!(frame.get("tabindex"), Some("-1"));
        assert_eq!(frame.get("title"), Some("Signing out of Mail"));
        let sandbox = frame.get("sandbox").unwrap();
        assert!(!sandbox.contains("top-navigation") && !sandbox.contains("popups"));
        assert_eq!(frame.get("referrerpolicy"), Some("no-referrer"));
    }
}
