//! What a browser fetches: styles, scripts, pictures.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};

/// A file for the browser.
#[derive(Clone, Debug)]
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    /// The `Content-Type`, by the file's ending.
    pub mime: &'static str,
}

/// All files under `assets/`, held in memory: nothing a request names is ever a path.
#[derive(Debug)]
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
    version: String,
}

impl Assets {
    pub(crate) fn new(files: BTreeMap<String, Asset>) -> Self {
        // One version for the whole set, so that a stylesheet names its pictures by relative
        // addresses and still gets the ones that belong to it.
        let mut hash = Sha256::new();
        for (name, asset) in &files {
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name);
            hash.update((asset.bytes.len() as u64).to_be_bytes());
            hash.update(&asset.bytes);
        }
        let version = hash.finalize()[..6]
            .iter()
            .fold(0, |number, &byte| number << 8 | u64::from(byte));
        let version = format!("{version:012x}");
        Self { files, version }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Asset> {
        self.files.get(name).cloned()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// `/assets/0123456789ab/style.css`
    pub(crate) fn href(&self, name: &str) -> Option<String> {
        self.files
            .contains_key(name)
            .then(|| format!("/assets/{}/{name}", self.version))
    }
}

/// The media type by a file's ending; none for a kind that a theme has no use for.
pub(crate) fn mime_of(name: &str) -> Option<&'static str> {
    let ending = Path::new(name).extension()?.to_str()?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets(files: &[(&str, &'static str)]) -> Assets {
        Assets::new(
            files
                .iter()
                .map(|&(name, text)| {
                    let bytes = Cow::Borrowed(text.as_bytes());
                    (name.to_owned(), Asset { bytes, mime: "" })
                })
                .collect(),
        )
    }

    #[test]
    fn the_version_follows_names_and_contents() {
        let version = |files| assets(files).version;
        assert_eq!(version(&[("a", "xy")]).len(), 12);
        assert_eq!(version(&[("a", "xy")]), version(&[("a", "xy")]));
        assert_ne!(version(&[("a", "xy")]), version(&[("ax", "y")]));
        assert_ne!(
            version(&[("a", "x"), ("b", "")]),
            version(&[("a", ""), ("b", "x")])
        );
    }

    #[test]
    fn only_known_files_have_an_address() {
        let assets = assets(&[("style.css", "")]);
        assert!(assets.href("style.css").is_some());
        assert_eq!(assets.href("../style.css"), None);
    }

    #[test]
    fn kinds_are_known_by_their_ending() {
        assert_eq!(mime_of("a/b.SVG"), Some("image/svg+xml"));
        assert_eq!(mime_of("page.html"), None);
        assert_eq!(mime_of("css"), None);
    }
}
