//! The template engine of one language: strict, escaping, with the functions templates may call.

use std::{error::Error as _, sync::Arc};

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, escape_formatter,
    syntax::SyntaxConfig,
    value::{Kwargs, Value, ValueKind},
};

use crate::{Locale, ThemeError, assets::Assets, source::Sources, texts::Texts};

/// What a template engine is made of.
pub(crate) struct Parts<'a> {
    pub(crate) locale: Locale,
    pub(crate) sources: &'a Sources,
    pub(crate) assets: &'a Arc<Assets>,
    /// The school's name; may be empty.
    pub(crate) school: &'a str,
    /// Whom to ask; empty gives the theme's words for it.
    pub(crate) desk: &'a str,
}

/// Parses every template; the first that can't be parsed is the error.
pub(crate) fn build(parts: &Parts<'_>) -> Result<Environment<'static>, ThemeError> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_formatter(write_value);
    // Debug output of the engine would carry the page's values into logs.
    env.set_debug(false);
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        env.set_syntax(syntax);
    }
    let files = parts.sources.texts.get(&parts.locale);
    let texts = Texts::load(parts.locale, files.map_or(&[], Vec::as_slice))?;
    let desk = if parts.desk.is_empty() {
        texts
            .format("desk-unnamed", &FluentArgs::new())
            .unwrap_or_default()
    } else {
        parts.desk.to_owned()
    };
    env.add_global("school", parts.school);
    env.add_global("desk", desk);
    let (texts, assets) = (Arc::new(texts), Arc::clone(parts.assets));
    add_functions(&mut env, parts.locale, texts, assets);
    for (name, file) in &parts.sources.templates {
        env.add_template_owned(name.clone(), file.text.clone())
            .map_err(|error| explain(&error, parts.sources))?;
    }
    Ok(env)
}

fn add_functions(
    env: &mut Environment<'static>,
    locale: Locale,
    texts: Arc<Texts>,
    assets: Arc<Assets>,
) {
    let optional = Arc::clone(&texts);
    env.add_function("t", move |key: &str, values: Kwargs| {
        translate(&texts, key, &values)
    });
    env.add_function("t_or", move |key: &str, fallback: &str, values: Kwargs| {
        if optional.has(key) {
            translate(&optional, key, &values)
        } else {
            Ok(fallback.to_owned())
        }
    });
    env.add_function("asset", move |name: &str| {
        assets.href(name).ok_or_else(|| {
            let detail = format!("there is no asset {name:?}");
            Error::new(ErrorKind::InvalidOperation, detail)
        })
    });
    env.add_function("named", move |names: &Value| name_in(locale, names));
}

/// Escapes for text and quoted attributes. The engine's own way also writes `/` as `&#x2f;`, which
/// makes every address in a page unreadable and guards against nothing in a quoted attribute.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let escaping = matches!(state.auto_escape(), AutoEscape::Html);
    match value.as_str() {
        Some(text) if escaping && !value.is_safe() => {
            let mut rest = text;
            while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
                let (before, special) = rest.split_at(at);
                let entity = match special.as_bytes().first() {
                    Some(b'&') => "&amp;",
                    Some(b'<') => "&lt;",
                    Some(b'>') => "&gt;",
                    Some(b'"') => "&quot;",
                    _ => "&#39;",
                };
                out.write_str(before)?;
                out.write_str(entity)?;
                // All five are one byte long.
                rest = &special[1..];
            }
            Ok(out.write_str(rest)?)
        }
        _ => escape_formatter(out, state, value),
    }
}

fn translate(texts: &Texts, key: &str, values: &Kwargs) -> Result<String, Error> {
    let mut args = FluentArgs::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        args.set(name.to_owned(), fluent_value(name, &value)?);
    }
    texts
        .format(key, &args)
        .map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
}

fn fluent_value(name: &str, value: &Value) -> Result<FluentValue<'static>, Error> {
    match value.kind() {
        ValueKind::Number => i64::try_from(value.clone()).map(FluentValue::from),
        ValueKind::String => Ok(value.to_string().into()),
        kind => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("the value {name:?} of a text is {kind}, not a string or number"),
        )),
    }
}

/// [`crate::Names::get`] for a value that went through a template.
fn name_in(locale: Locale, names: &Value) -> Result<String, Error> {
    let zh_cn = names.get_attr("zh_cn")?.to_string();
    let en = names.get_attr("en")?.to_string();
    Ok(crate::Names { zh_cn, en }.get(locale).to_owned())
}

/// Names the innermost place: an error in a piece comes wrapped by each page that includes it.
pub(crate) fn explain(error: &Error, sources: &Sources) -> ThemeError {
    let mut innermost = error;
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(cause) = cause.downcast_ref::<Error>() {
            innermost = cause;
        }
        next = cause.source();
    }
    let name = innermost.name().or(error.name()).unwrap_or("?");
    let file = sources
        .templates
        .get(name)
        .map_or_else(|| name.to_owned(), |file| file.origin.clone());
    let reason = match innermost.detail() {
        Some(detail) => format!("{}: {detail}", innermost.kind()),
        None => innermost.kind().to_string(),
    };
    ThemeError::Template {
        file,
        line: innermost.line().or(error.line()).unwrap_or(0),
        reason,
    }
}
