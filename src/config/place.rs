use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value was written. [`Place::Default`] prints as nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Default,
    /// A file as a whole.
    File(Arc<Path>),
    /// Line and column count from 1; columns are characters.
    Line {
        file: Arc<Path>,
        line: usize,
        column: usize,
    },
    Variable(String),
    Flag(&'static str),
}

impl Place {
    /// The place of byte `offset` of `text`.
    pub(crate) fn at(file: &Arc<Path>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::Line {
            file: Arc::clone(file),
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::File(file) => file.display().fmt(f),
            Self::Line { file, line, column } => write!(f, "{}:{line}:{column}", file.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let file: Arc<Path> = Path::new("a.toml").into();
        let text = "# 学校\n名 = 1\n";
        let at = |needle: &str| Place::at(&file, text, text.find(needle).unwrap()).to_string();
        assert_eq!(at("#"), "a.toml:1:1");
        assert_eq!(at("= 1"), "a.toml:2:3");
        assert_eq!(Place::at(&file, text, text.len()).to_string(), "a.toml:3:1");
    }
}
