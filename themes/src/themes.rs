//! A loaded theme: what the server renders pages with.

use std::{path::PathBuf, sync::Arc};

use minijinja::{
    Environment, context,
    value::{Serde, Value},
};
use serde::Serialize;

use crate::{
    Asset, Frame, Locale, Names, Page, Sample, ThemeError, assets::Assets, check, engine,
    source::Sources,
};

/// Which theme, and the school's own words in it.
#[derive(Clone, Debug, Default)]
pub struct ThemeOptions {
    /// A school's folder; its files are laid over the default ones.
    pub overlay: Option<PathBuf>,
    /// The school's name; empty leaves the product's words for “campus sign-in”.
    pub school: Names,
    /// Whom to ask: free text such as “信息中心服务台，电话 0571-0000 0000，行政楼 101”.
    pub desk: Names,
    /// For a visitor whose browser asks for no language that we have.
    pub default_locale: Locale,
}

/// Templates, texts and assets, parsed and checked. Cheap to share, never changed: a new theme is
/// a new value.
#[derive(Debug)]
pub struct Themes {
    engines: [(Locale, Environment<'static>); Locale::ALL.len()],
    sources: Sources,
    assets: Arc<Assets>,
    default_locale: Locale,
}

impl Themes {
    /// Reads and parses everything; with an overlay also fills every page with its samples, so
    /// that a mistake in it stops the start and never meets a visitor.
    ///
    /// # Errors
    /// The file, the line and the reason.
    pub fn load(options: &ThemeOptions) -> Result<Self, ThemeError> {
        let mut sources = Sources::collect(options.overlay.as_deref())?;
        let assets = Arc::new(Assets::new(std::mem::take(&mut sources.assets)));
        let build = |locale| {
            let parts = engine::Parts {
                locale,
                sources: &sources,
                assets: &assets,
                school: options.school.get(locale),
                desk: options.desk.get(locale),
            };
            engine::build(&parts).map(|engine| (locale, engine))
        };
        let [first, second] = Locale::ALL;
        let engines = [build(first)?, build(second)?];
        let themes = Self {
            engines,
            sources,
            assets,
            default_locale: options.default_locale,
        };
        if options.overlay.is_some() {
            check::every_page(&themes)?;
        }
        Ok(themes)
    }

    /// For a visitor whose browser asks for no language that we have.
    pub fn default_locale(&self) -> Locale {
        self.default_locale
    }

    /// The page as HTML, in the frame's language.
    ///
    /// # Errors
    /// A template of an overlay can be wrong for values that no sample has; the message names
    /// the place and no value.
    pub fn render<P: Page>(&self, frame: &Frame, page: &P) -> Result<String, ThemeError> {
        self.fill(frame, P::TEMPLATE, page)
    }

    /// A sample as HTML, for tests and for designers.
    pub fn render_sample(&self, frame: &Frame, sample: &Sample) -> Result<String, ThemeError> {
        self.fill(frame, sample.template, &sample.page)
    }

    fn fill(
        &self,
        frame: &Frame,
        template: &str,
        page: &impl Serialize,
    ) -> Result<String, ThemeError> {
        let explain = |error| engine::explain(&error, &self.sources);
        let template = self
            .engine(frame.locale)
            .get_template(template)
            .map_err(explain)?;
        let name = template.name();
        let values = context! {
            page => Value::from(Serde(page)),
            frame => Value::from(Serde(frame)),
            template => name.strip_suffix(".html").unwrap_or(name),
        };
        template.render(values).map_err(explain)
    }

    fn engine(&self, locale: Locale) -> &Environment<'static> {
        let [(first, engine), (_, other)] = &self.engines;
        if *first == locale { engine } else { other }
    }

    /// An asset by its name under `assets/`, to be served for a short time only.
    pub fn asset(&self, name: &str) -> Option<Asset> {
        self.assets.get(name)
    }

    /// An asset as `asset()` in a template names it, `/assets/{version}/{name}`. The address
    /// never has another content, so it may be cached for ever.
    ///
    /// None for another version: a node that is about to be updated may still get requests for
    /// the assets of pages that a newer one served; answer those with [`Self::asset`], uncached.
    pub fn asset_at(&self, version: &str, name: &str) -> Option<Asset> {
        (version == self.assets.version())
            .then(|| self.assets.get(name))
            .flatten()
    }

    /// The names of all assets.
    pub fn asset_names(&self) -> impl Iterator<Item = &str> {
        self.assets.names()
    }

    /// The address of an asset, as templates have it.
    pub fn asset_href(&self, name: &str) -> Option<String> {
        self.assets.href(name)
    }
}
