//! The languages of the product, and what every page says around its own content.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::pages::Names;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Locale {
    #[default]
    ZhCn,
    En,
}

impl Locale {
    /// Every language, the default one first.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// The BCP 47 tag, as in `<html lang>` and in file names.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language's name in itself, for the switch.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::ZhCn => "简体中文",
            Self::En => "English",
        }
    }

    /// Reads a language tag by its primary subtag, in either case and with `-` or `_`, as Apereo
    /// CAS's `locale` parameter has it (`zh_CN`, `en-GB`).
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::ZhCn)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The first that we have of a list by preference, as `ui_locales` is one (OpenID Connect Core
    /// §3.1.2.1).
    pub fn first_of(list: &str) -> Option<Self> {
        // As with a header: a thousand is somebody playing.
        list.split(' ').take(32).find_map(Self::parse)
    }

    /// Chooses by an `Accept-Language` header (RFC 9110 12.5.4); what can't be read is passed
    /// over, and `*` or nothing known gives `default`.
    pub fn negotiate(accept_language: &str, default: Self) -> Self {
        let mut best = (0, default);
        // A header has a few entries; a thousand is somebody playing.
        for range in accept_language.split(',').take(32) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default();
            let weight = parts.next().map_or(Some(1000), weight_of);
            if let (Some(locale), Some(weight)) = (Self::parse(tag), weight)
                && weight > best.0
            {
                best = (weight, locale);
            }
        }
        best.1
    }
}

/// `q=0.8` in thousandths.
fn weight_of(parameter: &str) -> Option<u16> {
    let value: f32 = parameter.trim().strip_prefix("q=")?.trim().parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked a line above"
        )]
        let thousandths = (value * 1000.0) as u16;
        thousandths
    })
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

impl Names {
    /// The name in this language, or in the other one where this one is empty.
    pub fn get(&self, locale: Locale) -> &str {
        let (first, second) = match locale {
            Locale::ZhCn => (&self.zh_cn, &self.en),
            Locale::En => (&self.en, &self.zh_cn),
        };
        if first.is_empty() { second } else { first }
    }
}

/// What is around every page's own content.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    pub locale: Locale,
    /// The language switch: the same page in each language, as far as a link can carry it.
    pub links: Vec<LocaleLink>,
    /// 在线帮助; empty hides the link.
    pub help: String,
    /// Says on every page that this is a demonstration, and where its messages are.
    pub demo: bool,
}

impl Frame {
    /// A frame without a language switch (the answer to a POST can't be had again by a link).
    pub fn new(locale: Locale, help: &str) -> Self {
        Self {
            locale,
            links: Vec::new(),
            help: help.to_owned(),
            demo: false,
        }
    }

    /// Adds the language switch; `href` gives the address of this page in a language.
    #[must_use]
    pub fn with_links(mut self, href: impl Fn(Locale) -> String) -> Self {
        self.links = Locale::ALL
            .into_iter()
            .map(|locale| LocaleLink {
                tag: locale,
                name: locale.own_name().to_owned(),
                href: href(locale),
                current: locale == self.locale,
            })
            .collect();
        self
    }
}

/// One entry of the language switch.
#[derive(Clone, Debug, Serialize)]
pub struct LocaleLink {
    pub tag: Locale,
    pub name: String,
    pub href: String,
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_by_their_primary_subtag() {
        assert_eq!(Locale::parse("zh_CN"), Some(Locale::ZhCn));
        assert_eq!(Locale::parse("ZH-hant-tw"), Some(Locale::ZhCn));
        assert_eq!(Locale::parse(" en-GB"), Some(Locale::En));
        assert_eq!(Locale::parse("eng"), None);
        assert_eq!(Locale::parse(""), None);
        for locale in Locale::ALL {
            assert_eq!(Locale::parse(locale.tag()), Some(locale));
        }
    }

    #[test]
    fn the_heaviest_known_language_is_chosen() {
        let zh = |header| Locale::negotiate(header, Locale::ZhCn);
        let en = |header| Locale::negotiate(header, Locale::En);
        assert_eq!(zh("en-GB,en;q=0.9,zh;q=0.1"), Locale::En);
        assert_eq!(en("de, zh-TW;q=0.5, en;q=0.4"), Locale::ZhCn);
        assert_eq!(zh("en;q=0"), Locale::ZhCn, "q=0 means: not this one");
        assert_eq!(en("*"), Locale::En);
        assert_eq!(en("fr;q=1,;;,,q=,zh;q=7"), Locale::En);
        assert_eq!(zh(""), Locale::ZhCn);
    }

    #[test]
    fn a_missing_name_falls_back_to_the_other_language() {
        let names = Names {
            zh_cn: "图书馆".into(),
            en: String::new(),
        };
        assert_eq!(names.get(Locale::En), "图书馆");
        assert_eq!(names.get(Locale::ZhCn), "图书馆");
    }
}
