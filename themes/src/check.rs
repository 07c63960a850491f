//! Fills every page with its samples, before a visitor does.

use crate::{Frame, Locale, ThemeError, Themes, every_sample};

/// The first sample that can't be rendered is the error.
pub(crate) fn every_page(themes: &Themes) -> Result<(), ThemeError> {
    let samples = every_sample();
    for locale in Locale::ALL {
        let mut frame = Frame::new(locale, "/help").with_links(|to| format!("?locale={to}"));
        frame.demo = true;
        for sample in &samples {
            themes
                .render_sample(&frame, sample)
                .map_err(|source| ThemeError::Sample {
                    template: sample.template,
                    sample: sample.name,
                    locale,
                    source: Box::new(source),
                })?;
        }
    }
    Ok(())
}
