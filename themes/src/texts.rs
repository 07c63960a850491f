//! The words of one language, from Fluent files.

use std::{fmt, sync::Arc};

use fluent_bundle::{FluentArgs, FluentError, FluentResource, concurrent::FluentBundle};

use crate::{Locale, ThemeError, source::TextFile};

type Bundle = FluentBundle<Arc<FluentResource>>;

/// The texts of a language; a later file replaces single texts of an earlier one.
pub(crate) struct Texts {
    locale: Locale,
    bundle: Bundle,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts")
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

impl Texts {
    pub(crate) fn load(locale: Locale, files: &[TextFile]) -> Result<Self, ThemeError> {
        let mut bundle = bundle(locale);
        for file in files {
            let resource = Arc::new(parse(file)?);
            // On its own first: a key that is twice in one file is a slip, in two it is the
            // overlay at work.
            if let Err(errors) = self::bundle(locale).add_resource(Arc::clone(&resource)) {
                return Err(twice(file, &errors));
            }
            bundle.add_resource_overriding(resource);
        }
        Ok(Self { locale, bundle })
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.bundle
            .get_message(key)
            .is_some_and(|message| message.value().is_some())
    }

    /// The text, or the reason why there is none.
    pub(crate) fn format(&self, key: &str, args: &FluentArgs<'_>) -> Result<String, String> {
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value())
            .ok_or_else(|| format!("no text {key:?} in {}", self.locale))?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors);
        match errors.first() {
            None => Ok(text.into_owned()),
            Some(error) => Err(format!("text {key:?} in {}: {error}", self.locale)),
        }
    }
}

fn bundle(locale: Locale) -> Bundle {
    // An unknown tag would only cost the plural rules; a test sees that both are known.
    let language = locale.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The marks around each value that isolation adds are for mixed writing directions; they
    // would end up in titles and in text that people copy.
    bundle.set_use_isolating(false);
    bundle
}

fn parse(file: &TextFile) -> Result<FluentResource, ThemeError> {
    FluentResource::try_new(file.text.clone()).map_err(|(_, errors)| {
        let (at, reason) = errors.first().map_or((0, String::new()), |error| {
            (error.pos.start, error.to_string())
        });
        locale_error(file, at, reason)
    })
}

fn twice(file: &TextFile, errors: &[FluentError]) -> ThemeError {
    let key = errors.iter().find_map(|error| match error {
        FluentError::Overriding { id, .. } => Some(id.as_str()),
        _ => None,
    });
    let key = key.unwrap_or_default();
    let at = file
        .text
        .rfind(&format!("\n{key} ="))
        .map_or(0, |newline| newline + 1);
    locale_error(file, at, format!("the text {key:?} is there twice"))
}

fn locale_error(file: &TextFile, at: usize, reason: String) -> ThemeError {
    let before = file.text.as_bytes().iter().take(at);
    ThemeError::Locale {
        file: file.origin.clone(),
        line: before.filter(|&&byte| byte == b'\n').count() + 1,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(origin: &str, text: &str) -> TextFile {
        TextFile {
            origin: origin.into(),
            text: text.into(),
        }
    }

    fn load(files: &[TextFile]) -> Result<Texts, String> {
        Texts::load(Locale::En, files).map_err(|error| error.to_string())
    }

    #[test]
    fn a_later_file_replaces_single_texts() {
        let files = [
            file("a", "one = 1\ntwo = 2 { $x }\n"),
            file("b", "two = II { $x }\n"),
        ];
        let texts = load(&files).unwrap();
        let args = FluentArgs::from_iter([("x", "<&>")]);
        assert_eq!(texts.format("one", &args).unwrap(), "1");
        assert_eq!(texts.format("two", &args).unwrap(), "II <&>");
    }

    #[test]
    fn slips_are_told_with_their_line() {
        let error = load(&[file("x.ftl", "one = 1\n\ntwo {\n")]).unwrap_err();
        assert!(error.starts_with("x.ftl:3: "), "{error}");
        let error = load(&[file("x.ftl", "one = 1\ntwo = 2\none = 3\n")]).unwrap_err();
        assert_eq!(error, "x.ftl:3: the text \"one\" is there twice");
    }

    #[test]
    fn what_is_missing_is_an_error_and_no_gap() {
        let texts = load(&[file("x.ftl", "one = { $name }!\n")]).unwrap();
        let args = FluentArgs::new();
        assert_eq!(
            texts.format("two", &args).unwrap_err(),
            "no text \"two\" in en"
        );
        assert!(texts.format("one", &args).unwrap_err().contains("name"));
    }

    #[test]
    fn both_languages_have_their_plural_rules() {
        let text = "n = { $n ->\n    [one] one\n   *[other] other\n}\n";
        let of = |locale| {
            let texts = Texts::load(locale, &[file("x.ftl", text)]).unwrap();
            texts
                .format("n", &FluentArgs::from_iter([("n", 1)]))
                .unwrap()
        };
        assert_eq!(of(Locale::En), "one");
        assert_eq!(of(Locale::ZhCn), "other");
    }
}
