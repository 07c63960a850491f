//! Where the files of a theme come from: the binary, and a school's folder laid over it.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rust_embed::RustEmbed;

use crate::{Asset, Locale, ThemeError, assets::mime_of};

#[derive(RustEmbed)]
#[folder = "default/"]
struct Embedded;

/// A folder deeper than this, or with more files, is not a theme but a mistake in a path.
const MAX_DEPTH: usize = 4;
const MAX_FILES: usize = 500;
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A file of text, and the name by which its author knows it.
#[derive(Debug)]
pub(crate) struct TextFile {
    pub(crate) origin: String,
    pub(crate) text: String,
}

/// All files of a theme, the overlay already applied.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// By their name under `templates/`.
    pub(crate) templates: BTreeMap<String, TextFile>,
    /// The default texts, then the school's.
    pub(crate) texts: BTreeMap<Locale, Vec<TextFile>>,
    /// By their name under `assets/`.
    pub(crate) assets: BTreeMap<String, Asset>,
}

impl Sources {
    pub(crate) fn collect(overlay: Option<&Path>) -> Result<Self, ThemeError> {
        let mut sources = Self::default();
        for name in Embedded::iter() {
            if let Some(file) = Embedded::get(&name) {
                let origin = PathBuf::from(format!("themes/default/{name}"));
                sources.add(&name, &origin, file.data)?;
            }
        }
        if let Some(folder) = overlay {
            for (name, path) in files_of(folder)? {
                sources.check_place(&name, &path)?;
                let bytes = fs::read(&path).map_err(|source| ThemeError::Read {
                    path: path.clone(),
                    source,
                })?;
                sources.add(&name, &path, bytes.into())?;
            }
        }
        Ok(sources)
    }

    /// A misspelt page would change nothing without a word, so only pages that exist may be
    /// replaced; pieces of the school's own go into a folder.
    fn check_place(&self, name: &str, path: &Path) -> Result<(), ThemeError> {
        match name.strip_prefix("templates/") {
            Some(page) if !page.contains('/') && !self.templates.contains_key(page) => {
                let reason = "there is no such page; own pieces go into templates/parts/";
                Err(unexpected(path, reason))
            }
            _ => Ok(()),
        }
    }

    fn add(
        &mut self,
        name: &str,
        path: &Path,
        bytes: Cow<'static, [u8]>,
    ) -> Result<(), ThemeError> {
        let text = |bytes: Cow<'static, [u8]>| match String::from_utf8(bytes.into_owned()) {
            Ok(text) => Ok(TextFile {
                origin: path.display().to_string(),
                text,
            }),
            Err(_) => Err(unexpected(path, "is not UTF-8")),
        };
        if let Some(template) = name.strip_prefix("templates/") {
            if template.strip_suffix(".html").is_none() {
                return Err(unexpected(path, "a template's name ends in .html"));
            }
            self.templates.insert(template.to_owned(), text(bytes)?);
        } else if let Some(file) = name.strip_prefix("locales/") {
            let locale = Locale::ALL
                .into_iter()
                .find(|locale| file.strip_suffix(".ftl") == Some(locale.tag()))
                .ok_or_else(|| unexpected(path, "the locales are zh-CN.ftl and en.ftl"))?;
            self.texts.entry(locale).or_default().push(text(bytes)?);
        } else if let Some(asset) = name.strip_prefix("assets/") {
            let mime = mime_of(asset)
                .ok_or_else(|| unexpected(path, "is of a kind that themes don't serve"))?;
            self.assets.insert(asset.to_owned(), Asset { bytes, mime });
        } else {
            let reason = "a theme has the folders templates, locales and assets";
            return Err(unexpected(path, reason));
        }
        Ok(())
    }
}

fn unexpected(path: &Path, reason: &str) -> ThemeError {
    ThemeError::Unexpected {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Every file under the folder: its name inside with `/`, and its path.
fn files_of(folder: &Path) -> Result<Vec<(String, PathBuf)>, ThemeError> {
    let mut found = Vec::new();
    walk(folder, "", 0, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), ThemeError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| ThemeError::Read { path, source }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = match path.file_name().and_then(|name| name.to_str()) {
            Some(name) => format!("{prefix}{name}"),
            None => return Err(unexpected(&path, "the name is not UTF-8")),
        };
        // What version control, editors and a README leave in a folder is nobody's mistake.
        if name
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with('.'))
            || (depth == 0 && name.to_ascii_uppercase().starts_with("README"))
        {
            continue;
        }
        let meta = fs::metadata(&path).map_err(unreadable(&path))?;
        if meta.is_dir() {
            if depth == MAX_DEPTH {
                return Err(unexpected(&path, "lies too deep for a theme"));
            }
            walk(&path, &format!("{name}/"), depth + 1, found)?;
        } else if meta.len() > MAX_BYTES {
            return Err(unexpected(&path, "is larger than 4 MiB"));
        } else if found.len() == MAX_FILES {
            return Err(unexpected(
                &path,
                "is one more than the 500 files of a theme",
            ));
        } else {
            found.push((name, path));
        }
    }
    Ok(())
}
