//! Small things that pages and addresses are made of.

use idp_domain::applications::Names;

/// An application's name, for a page.
pub fn page_names(names: Names) -> themes::Names {
    themes::Names {
        zh_cn: names.zh_cn,
        en: names.en,
    }
}

/// `?a=b&c=d`, or nothing.
pub fn query_of(pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return String::new();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("?{}", query.finish())
}
