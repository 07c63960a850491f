//! The looks of Yimen: templates, locales, styles and scripts, with a school's folder laid over
//! the default one file by file.
//!
//! ```
//! use themes::{Frame, Locale, Page, ThemeOptions, Themes, pages};
//!
//! let themes = Themes::load(&ThemeOptions::default())?;
//! let frame = Frame::new(Locale::ZhCn, "/help");
//! let page = pages::RefusedService { sign_in: "/cas/login".into(), request_id: "01JD".into() };
//! let html = themes.render(&frame, &page)?;
//! assert!(html.contains(r#"data-page="refused_service""#));
//! # Ok::<(), themes::ThemeError>(())
//! ```
//!
//! A theme is a folder of three parts. `templates/` has one file per struct of [`pages`], and
//! pieces that they share in `templates/parts/` and `templates/privacy/`; `locales/` has
//! `zh-CN.ftl` and `en.ftl`; `assets/` has what a browser fetches. An overlay replaces templates
//! and assets file by file, and texts key by key, so that an upgrade brings new texts to a
//! school that changed three words. `docs/themes.md` tells a designer how.
//!
//! Templates see `page` (the struct), `frame` ([`Frame`]) and `template` (the page's name), and
//! four functions: `t('key', name=value)` and `t_or('key', fallback)` give a text, `named(names)`
//! the name in the reader's language, `asset('style.css')` an address that may be cached for
//! ever. `school` and `desk` are texts of the configuration. Undefined values are errors and
//! every value is escaped.

mod assets;
mod check;
mod engine;
mod error;
mod locale;
pub mod pages;
mod samples;
mod source;
mod texts;
mod themes;

pub use assets::Asset;
pub use error::ThemeError;
pub use locale::{Frame, Locale, LocaleLink};
pub use pages::{Names, Page};
pub use samples::{Sample, every_sample};
pub use themes::{ThemeOptions, Themes};
