//! What a page looks like to different people: screenshots, overflow and accessibility.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Browser;
use crate::tools;

/// A screen, a language and a colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// As in Accept-Language.
    pub language: &'static str,
    pub dark: bool,
}

impl Look {
    pub const WIDE: Self = Self {
        width: 1280,
        language: "zh-CN",
        dark: false,
    };

    /// Every combination of 1280 and 320 px, zh-CN and English, light and dark.
    pub fn all() -> impl Iterator<Item = Self> {
        let widths = [1280, 320].into_iter();
        widths.flat_map(|width| {
            ["zh-CN", "en"].into_iter().flat_map(move |language| {
                [false, true].map(move |dark| Self {
                    width,
                    language,
                    dark,
                })
            })
        })
    }

    /// `1280-zh-CN-light`
    pub fn name(self) -> String {
        let scheme = if self.dark { "dark" } else { "light" };
        format!("{}-{}-{scheme}", self.width, self.language)
    }
}

/// A finding of axe-core.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The rule, such as `color-contrast`.
    pub rule: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// The elements concerned.
    pub elements: String,
}

impl Browser {
    /// From now on sees the pages so. The language holds from the next page on.
    pub async fn wear(&self, look: Look) -> Result<()> {
        let phone = look.width < 600;
        let height = if phone { 640 } else { 800 };
        self.driver
            .devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": look.width, "height": height, "deviceScaleFactor": 1,
                        "mobile": phone }),
            )
            .await?;
        let scheme = if look.dark { "dark" } else { "light" };
        self.driver
            .devtools(
                "Emulation.setEmulatedMedia",
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
            )
            .await?;
        self.driver.devtools("Network.enable", json!({})).await?;
        self.driver
            .devtools(
                "Network.setExtraHTTPHeaders",
                json!({ "headers": { "Accept-Language": look.language } }),
            )
            .await?;
        Ok(())
    }

    /// From now on as somebody whom movement makes ill.
    pub async fn want_less_motion(&self) -> Result<()> {
        let features = json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
        let parameters = json!({ "features": features });
        self.driver
            .devtools("Emulation.setEmulatedMedia", parameters)
            .await?;
        Ok(())
    }

    /// The whole page as a PNG file.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self
            .driver
            .devtools("Page.captureScreenshot", parameters)
            .await?;
        let png = shot["data"].as_str().context("no picture")?;
        fs::write(path, STANDARD.decode(png)?)?;
        Ok(())
    }

    /// How far the page is wider than the screen, CSS pixels: a phone would scroll sideways.
    pub async fn overflow(&self) -> Result<i64> {
        let script = "const d = document.documentElement; return d.scrollWidth - d.clientWidth";
        let overflow = self.run(script, json!([])).await?;
        overflow.as_i64().context("no number")
    }

    /// What axe-core finds wrong with the page, by the rules of WCAG 2.2 A and AA.
    pub async fn violations(&self) -> Result<Vec<Violation>> {
        // The policy of the page lets no foreign script in; WebDriver comes in all the same.
        let axe = fs::read_to_string(tools::axe_script()?)?;
        self.run(&axe, json!([])).await?;
        let script = "return axe.run({ runOnly: [\
             'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })\
             .then(found => found.violations)";
        let found = self.run(script, json!([])).await?;
        let found = found.as_array().context("no list of violations")?;
        Ok(found.iter().map(violation).collect())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.rule, self.impact, self.elements)
    }
}

fn violation(found: &Value) -> Violation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = found["nodes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let elements: Vec<String> = nodes
        .iter()
        .map(|node| format!("{} ({})", node["html"], node["failureSummary"]))
        .collect();
    Violation {
        rule: text(&found["id"]),
        impact: text(&found["impact"]),
        elements: elements.join("; "),
    }
}
