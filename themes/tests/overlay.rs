//! A school's folder over the default theme.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{fs, path::Path};

use tempfile::TempDir;
use themes::{Frame, Locale, Names, ThemeError, ThemeOptions, Themes, pages::SignedOut};

fn school(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &Path) -> Result<Themes, ThemeError> {
    Themes::load(&ThemeOptions {
        overlay: Some(folder.to_owned()),
        ..ThemeOptions::default()
    })
}

fn refusal(files: &[(&str, &str)]) -> String {
    let folder = school(files);
    let error = load(folder.path()).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

fn signed_out(themes: &Themes, locale: Locale) -> String {
    let page = SignedOut {
        sign_in: "/cas/login".into(),
        ended: true,
        ledger: None,
        front: Vec::new(),
        onward: None,
    };
    themes.render(&Frame::new(locale, "/help"), &page).unwrap()
}

#[test]
fn an_overlay_replaces_files_and_single_texts() {
    let folder = school(&[
        ("README.md", "ours"),
        (".git/HEAD", "ref"),
        (
            "templates/parts/brand.html",
            "<p>{% include \"parts/motto.html\" %}</p>",
        ),
        ("templates/parts/motto.html", "求是创新"),
        (
            "locales/en.ftl",
            "signed-out = See you tomorrow\nown-text = Ours\n",
        ),
        ("assets/school.css", ":root { --brand: #7a1f2b }"),
        ("assets/campus.jpg", "not really"),
    ]);
    let themes = load(folder.path()).unwrap();
    let html = signed_out(&themes, Locale::En);
    assert!(html.contains("<p>求是创新</p>"));
    assert!(html.contains("See you tomorrow</h1>"));
    assert!(html.contains("Sign in again"), "other texts stay");
    assert!(signed_out(&themes, Locale::ZhCn).contains("已退出登录"));
    let style = themes.asset("school.css").unwrap();
    assert_eq!(style.bytes.as_ref(), b":root { --brand: #7a1f2b }");
    assert_eq!(themes.asset("campus.jpg").unwrap().mime, "image/jpeg");
    assert!(themes.asset("style.css").is_some());
}

#[test]
fn a_template_that_cannot_be_parsed_is_named_with_its_line() {
    let error = refusal(&[("templates/help.html", "<p>\n\n{% if %}\n")]);
    assert!(error.starts_with("templates/help.html:3: "), "{error}");
}

#[test]
fn a_template_that_asks_for_an_unknown_value_is_named_with_its_line() {
    let error = refusal(&[("templates/parts/brand.html", "\n{{ frame.shcool }}")]);
    assert!(
        error.starts_with("templates/parts/brand.html:2: undefined value"),
        "{error}"
    );
    assert!(error.contains("of sign_in.html in zh-CN"), "{error}");
}

#[test]
fn a_text_that_no_locale_has_is_named() {
    let error = refusal(&[("templates/help.html", "{{ t('hepl') }}")]);
    assert!(error.contains("templates/help.html:1: "), "{error}");
    assert!(error.contains("no text \"hepl\" in zh-CN"), "{error}");
}

#[test]
fn an_asset_that_is_missing_is_named() {
    let error = refusal(&[("templates/help.html", "{{ asset('stlye.css') }}")]);
    assert!(error.contains("there is no asset \"stlye.css\""), "{error}");
}

#[test]
fn a_text_whose_values_are_missing_is_named() {
    let error = refusal(&[("locales/zh-CN.ftl", "signed-in = { $nmae }\n")]);
    assert!(error.contains("text \"signed-in\" in zh-CN"), "{error}");
    assert!(error.contains("nmae"), "{error}");
}

#[test]
fn a_locale_with_a_slip_is_named_with_its_line() {
    let error = refusal(&[("locales/en.ftl", "one = 1\ntwo =\n")]);
    assert!(error.starts_with("locales/en.ftl:2: "), "{error}");
}

#[test]
fn files_that_nothing_would_use_are_refused() {
    for (file, reason) in [
        ("templates/signin.html", "there is no such page"),
        ("templates/parts/x.htm", "ends in .html"),
        ("template/help.html", "has the folders"),
        ("style.css", "has the folders"),
        ("locales/de.ftl", "the locales are"),
        ("assets/run.wasm", "of a kind"),
    ] {
        let error = refusal(&[(file, "")]);
        assert!(error.starts_with(file) && error.contains(reason), "{error}");
    }
    let error = load(Path::new("/nonexistent/school")).unwrap_err();
    assert_eq!(error.to_string(), "/nonexistent/school: cannot be read");
}

#[test]
fn an_asset_is_found_by_its_version_only() {
    let themes = Themes::load(&ThemeOptions::default()).unwrap();
    let href = themes.asset_href("style.css").unwrap();
    let version = href.split('/').nth(2).unwrap();
    assert!(version.len() == 12 && version.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(signed_out(&themes, Locale::En).contains(&href));
    assert_eq!(
        themes.asset_at(version, "style.css").unwrap().mime,
        "text/css; charset=utf-8"
    );
    assert!(themes.asset_at("000000000000", "style.css").is_none());
    assert!(themes.asset_at(version, "../Cargo.toml").is_none());
    let overlay = school(&[("assets/school.css", "a {}")]);
    let other = load(overlay.path()).unwrap();
    assert_ne!(
        other.asset_href("style.css"),
        Some(href),
        "a new version for a new set"
    );
}

#[test]
fn the_desk_has_a_name_even_where_none_is_configured() {
    let themes = Themes::load(&ThemeOptions::default()).unwrap();
    assert!(signed_out(&themes, Locale::En).contains("the IT service desk"));
    let themes = Themes::load(&ThemeOptions {
        school: Names {
            zh_cn: "示例大学".into(),
            en: String::new(),
        },
        ..ThemeOptions::default()
    })
    .unwrap();
    assert!(signed_out(&themes, Locale::En).contains("<strong>示例大学</strong>"));
}
