//! Ids for entries: the same on each import, whatever else is imported with them.

use std::collections::BTreeMap;

use super::service::Draft;

/// Characters of an id that leave room for a number behind it.
const MAX_SLUG: usize = 40;

/// An id for each draft, made of its name. Of several with one name that with the smallest number
/// has it alone, the others with their number, so that a new service doesn't rename an old one.
/// Names in other letters than `a` to `z` give `apereo-NUMBER`.
pub(super) fn assign(drafts: &[Draft]) -> Vec<Option<String>> {
    let mut owners: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for draft in drafts {
        if let Some(slug) = slug(&draft.name) {
            let owner = owners.entry(slug).or_insert(draft.number);
            *owner = match (*owner, draft.number) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    let id = |draft: &Draft| match (slug(&draft.name), draft.number) {
        (Some(slug), number) if owners.get(&slug) == Some(&number) => Some(slug),
        (Some(slug), Some(number)) => Some(format!("{slug}-{number}")),
        (None, Some(number)) => Some(format!("apereo-{number}")),
        (_, None) => None,
    };
    drafts.iter().map(id).collect()
}

fn slug(name: &str) -> Option<String> {
    if name.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return None;
    }
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty() && !slug.starts_with("apereo-")).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_id_if_its_letters_can() {
        assert_eq!(slug("Library"), Some("library".to_owned()));
        assert_eq!(slug("HTTPS and IMAPS"), Some("https-and-imaps".to_owned()));
        assert_eq!(slug(" (Test) app_2 "), Some("test-app-2".to_owned()));
        assert_eq!(slug("教务系统V2"), None);
        assert_eq!(slug("Café"), None);
        assert_eq!(slug("--"), None);
        assert_eq!(slug("apereo-7"), None, "would be another one's");
        assert_eq!(slug(&"a-".repeat(40)).map(|s| s.len()), Some(39));
    }
}
