//! Reading sources, as far as the checks need: names of modules, arguments of calls.

use std::collections::BTreeSet;
use std::path::Path;

/// The product's part of a file: all before its tests.
pub fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests")
        .map_or(text, |tests| &text[..tests])
}

/// `tests.rs`, or anything in a folder `tests`.
pub fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// The names right below the crate's root that a file uses: by `crate::…`, or by as many `super::`
/// as lead there. `file` is relative to `src`.
pub fn named_roots(file: &Path, text: &str) -> BTreeSet<String> {
    let mut module: Vec<&str> = file.iter().map(|part| part.to_str().unwrap()).collect();
    let last = module.pop().unwrap();
    if last != "mod.rs" {
        module.push(last.trim_end_matches(".rs"));
    }
    let mut names = BTreeSet::new();
    let code: String = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n");
    for after in after_each(&code, "crate::") {
        names.extend(first_names(after));
    }
    let to_root = "super::".repeat(module.len());
    for after in after_each(&code, &to_root) {
        names.extend(first_names(after));
    }
    names
}

fn after_each<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    text.match_indices(mark)
        .filter(|(at, _)| {
            !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        })
        .map(|(at, _)| &text[at + mark.len()..])
        .collect()
}

/// `a::b` gives a; `{a::b, c}` gives a and c.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(list) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut depth, mut names, mut begin) = (0, Vec::new(), 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&list[begin..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&list[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What stands in the brackets after each of these names; for `.push(` its own bracket.
pub fn arguments_of(text: &str, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        for (at, _) in text.match_indices(name) {
            let after = &text[at + name.len()..];
            let inner = if name.ends_with('(') {
                after
            } else {
                match after.find('(') {
                    // `sqlx::query_as(…)`, `sqlx::query_scalar::<_, i64>(…)`
                    Some(open) if !after[..open].contains([';', '{', '}']) => &after[open + 1..],
                    _ => continue,
                }
            };
            found.push(to_closing_bracket(inner).to_owned());
        }
    }
    found
}

fn to_closing_bracket(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return &text[..at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// `INSERT_ROWS`: a constant by its name.
pub fn is_constant(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Paths in backticks or links: with a slash or a known ending, and nothing that no path has.
pub fn named_paths(text: &str) -> BTreeSet<String> {
    let in_ticks = text.split('`').skip(1).step_by(2);
    let in_links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(path, _)| path);
    in_ticks
        .chain(in_links)
        .filter(|name| is_path(name))
        .map(str::to_owned)
        .collect()
}

fn is_path(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|e| e.to_str());
    let file = ending.is_some_and(|e| {
        ["css", "ftl", "html", "js", "md", "rs", "sh", "sql", "toml"].contains(&e)
    });
    let folder = name.contains('/') && (name.ends_with('/') || ending.is_none());
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    plain && !name.starts_with('/') && (file || folder) && name != "/"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(file: &str, text: &str) -> Vec<String> {
        named_roots(Path::new(file), text).into_iter().collect()
    }

    #[test]
    fn names_below_the_root_are_found_however_they_are_written() {
        assert_eq!(roots("cas/login.rs", "use crate::oidc::code;"), ["oidc"]);
        assert_eq!(
            roots(
                "cas/login.rs",
                "use crate::{pages, oidc::{a, b}, visit::Visit};"
            ),
            ["oidc", "pages", "visit"]
        );
        assert_eq!(
            roots("cas/login.rs", "let x = super::super::oidc::y();"),
            ["oidc"]
        );
        assert_eq!(roots("cas/login.rs", "use super::tickets;"), [""; 0]);
        assert_eq!(roots("cas/mod.rs", "use super::oidc;"), ["oidc"]);
        assert_eq!(
            roots("cas/login.rs", "// crate::oidc\nuse othercrate::oidc;"),
            [""; 0]
        );
    }

    #[test]
    fn arguments_are_found_to_their_bracket() {
        let text = "sqlx::query_scalar(concat!(\"a\", B)).bind(f(1)); q.push(format!(\"{x}\"));";
        assert_eq!(arguments_of(text, &["sqlx::query"]), ["concat!(\"a\", B)"]);
        assert_eq!(arguments_of(text, &[".push("]), ["format!(\"{x}\")"]);
        assert!(is_constant("ROWS_2") && !is_constant("text") && !is_constant(""));
    }

    #[test]
    fn paths_are_told_from_words_and_addresses() {
        let text =
            "`idp/src/app.rs` [x](docs/a.md) `/cas/login` `Visit` `idp/src/cas/` `crate::x` `a/*`";
        let paths: Vec<String> = named_paths(text).into_iter().collect();
        assert_eq!(paths, ["docs/a.md", "idp/src/app.rs", "idp/src/cas/"]);
    }
}
