//! What a page shows and where it leads, whoever made it.

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::client::Reply;

/// The text that a person sees, on one line.
pub fn visible_text(reply: &Reply) -> String {
    let html = Html::parse_document(&reply.body);
    let mut text = String::new();
    collect(html.root_element(), &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn collect(element: ElementRef, text: &mut String) {
    if matches!(
        element.value().name(),
        "script" | "style" | "head" | "template"
    ) {
        return;
    }
    for child in element.children() {
        if let Some(part) = child.value().as_text() {
            text.push_str(part);
            text.push(' ');
        } else if let Some(inner) = ElementRef::wrap(child) {
            collect(inner, text);
        }
    }
}

/// The targets of all links, as the page spells them.
pub fn links(reply: &Reply) -> Vec<String> {
    attributes(reply, "a[href]", "href")
}

/// Where a page goes on by itself (`<meta http-equiv=refresh>`).
pub fn refresh(reply: &Reply) -> Option<Url> {
    let contents = attributes(reply, "meta[http-equiv=refresh i]", "content");
    let (_, target) = contents.first()?.split_once([';', ','])?;
    let target = target.trim();
    let target = match target.get(..4) {
        Some(word) if word.eq_ignore_ascii_case("url=") => &target[4..],
        _ => target,
    };
    reply.url.join(target.trim_matches(['"', '\'', ' '])).ok()
}

/// Whether the page has an element at a CSS selector.
pub fn has(reply: &Reply, selector: &str) -> bool {
    let html = Html::parse_document(&reply.body);
    Selector::parse(selector).is_ok_and(|selector| html.select(&selector).next().is_some())
}

fn attributes(reply: &Reply, selector: &str, name: &str) -> Vec<String> {
    let html = Html::parse_document(&reply.body);
    let Ok(selector) = Selector::parse(selector) else {
        return Vec::new();
    };
    html.select(&selector)
        .filter_map(|it| it.attr(name).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn page(body: &str) -> Reply {
        Reply {
            url: "http://localhost/cas/login".parse().unwrap(),
            status: 200,
            headers: reqwest::header::HeaderMap::new(),
            body: body.to_owned(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_page_tells_what_people_see_and_where_it_goes() {
        let page = page(
            "<head><title>T</title><meta http-equiv=Refresh content=\"3; URL='https://a/b?c=1&amp;d=2'\">\
             <style>x</style></head><body>You are <b>out</b><script>no</script><a href=/x>on</a>",
        );
        assert_eq!(visible_text(&page), "You are out on");
        assert_eq!(refresh(&page).unwrap().as_str(), "https://a/b?c=1&d=2");
        assert_eq!(links(&page), ["/x"]);
        assert!(has(&page, "b") && !has(&page, "form"));
    }
}
