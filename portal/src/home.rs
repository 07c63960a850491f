use axum::http::StatusCode;
use axum::response::Response;
use themes::pages::{HallGroup, HallHome, HallNotice, HallPerson, HallTile};
use themes::{Locale, Names};

use crate::launcher::Listed;
use crate::refusal::Refusal;
use crate::signin::{self, Session};
use crate::visit::Visit;

/// What is searched for is no longer than this; characters.
const LONGEST_SEARCH: usize = 60;

/// `GET /`: 办事大厅, for guests too.
pub(crate) async fn home(mut visit: Visit) -> Result<Response, Refusal> {
    let session = Session::of(&mut visit).await?;
    let left = signin::has_left(&mut visit);
    let search = visit
        .parameters()
        .find(|(name, _)| name == "q")
        .map(|(_, value)| {
            value
                .trim()
                .chars()
                .take(LONGEST_SEARCH)
                .collect::<String>()
        })
        .unwrap_or_default();
    let applications = visit.app.launcher.applications();
    let provider_is_away = visit.app.provider.is_away();
    let config = &visit.app.config;
    let person = session.as_ref().map(|session| {
        let person = session.person();
        HallPerson {
            name: person.name.clone(),
            number: person.number.clone(),
            affiliation: person.affiliation.clone(),
            org: person.org.clone(),
            account: config.provider_page("/account"),
            sign_out: visit.form("/signout"),
        }
    });
    let page = HallHome {
        said: said(left, provider_is_away),
        sign_in: signin::address("/"),
        person,
        loaded: applications.is_some(),
        total: applications.as_ref().map_or(0, |all| all.len()),
        groups: applications
            .map(|all| groups(&all, &search, visit.locale))
            .unwrap_or_default(),
        search,
    };
    visit.page(StatusCode::OK, &page)
}

fn said(left: Option<bool>, provider_is_away: bool) -> Option<HallNotice> {
    match left {
        Some(true) => Some(HallNotice::SignedOut),
        Some(false) => Some(HallNotice::SignedOutHere),
        None if provider_is_away => Some(HallNotice::Away),
        None => None,
    }
}

/// Those that the search finds, by category in the order in which categories first come; those
/// without one last.
fn groups(all: &[Listed], search: &str, locale: Locale) -> Vec<HallGroup> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let mut groups: Vec<HallGroup> = Vec::new();
    for one in all.iter().filter(|one| is_found(one, &words)) {
        let tile = HallTile {
            name: one.name.clone(),
            description: one.description.clone(),
            url: one.url.clone(),
            initial: initial(one.name.get(locale)),
            colour: colour(&one.id),
        };
        match groups
            .iter_mut()
            .find(|group| group.category == one.category)
        {
            Some(group) => group.tiles.push(tile),
            None => groups.push(HallGroup {
                category: one.category.clone(),
                tiles: vec![tile],
            }),
        }
    }
    groups.sort_by_key(|group| group.category == Names::default());
    groups
}

/// Every word stands somewhere in its names, in either language.
fn is_found(one: &Listed, words: &[String]) -> bool {
    let texts = [&one.name, &one.category, &one.description];
    let text = texts
        .map(|names| format!("{}\n{}", names.zh_cn, names.en))
        .join("\n")
        .to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// What stands in place of a picture.
fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default()
}

/// One of six tints, the same for an application on every visit.
fn colour(id: &str) -> u32 {
    id.bytes()
        .fold(0_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()))
        % 6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(id: &str, zh: &str, en: &str, category: &str) -> Listed {
        let names = |zh_cn: &str, en: &str| Names {
            zh_cn: zh_cn.into(),
            en: en.into(),
        };
        Listed {
            id: id.into(),
            name: names(zh, en),
            url: "https://a.example.edu/".into(),
            category: names(category, ""),
            description: Names::default(),
        }
    }

    #[test]
    fn the_search_reads_both_languages_and_groups_stay_in_order() {
        let all = [
            listed("x", "其他", "Other", ""),
            listed("lib", "图书馆", "Library", "学习"),
            listed("jw", "教务系统", "Teaching", "教学"),
            listed("read", "电子阅览", "Reading room", "学习"),
        ];
        let of = |search| {
            let groups = groups(&all, search, Locale::ZhCn);
            let names = groups.into_iter().map(|group| {
                let tiles = group.tiles.into_iter().map(|tile| tile.initial);
                (group.category.zh_cn, tiles.collect::<String>())
            });
            names.collect::<Vec<_>>()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            of(""),
            [pair("学习", "图电"), pair("教学", "教"), pair("", "其")]
        );
        assert_eq!(of("LIBRARY"), [pair("学习", "图")]);
        assert_eq!(of("学习 room"), [pair("学习", "电")]);
        assert_eq!(of("没有"), []);
        assert_eq!(initial("（测试）"), "测");
    }
}
