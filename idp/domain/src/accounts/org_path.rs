use super::text::{is_forbidden, tidy};

/// Where an org unit stands: `计算机学院/软件工程系`, from the top down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgPath(String);

/// Why a text is no such path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrgPath {
    #[error("has an empty name between two '/'")]
    Empty,
    #[error("may have at most 10 levels")]
    Depth,
    #[error("has a name of more than 100 characters")]
    Length,
    #[error("contains a control character")]
    Character,
}

impl OrgPath {
    pub const DEEPEST: usize = 10;
    /// Of one name, in code points.
    pub const LONGEST: usize = 100;

    /// Names are separated by `/` or `／`; spaces around them are dropped.
    ///
    /// # Errors
    /// [`BadOrgPath`]
    pub fn parse(text: &str) -> Result<Self, BadOrgPath> {
        if text.len() > Self::DEEPEST * Self::LONGEST * 8 {
            return Err(BadOrgPath::Length);
        }
        let mut path = String::with_capacity(text.len());
        for (depth, segment) in text.split(['/', '／']).enumerate() {
            if depth == Self::DEEPEST {
                return Err(BadOrgPath::Depth);
            }
            let segment = tidy(segment);
            if segment.is_empty() {
                return Err(BadOrgPath::Empty);
            }
            if segment.chars().count() > Self::LONGEST {
                return Err(BadOrgPath::Length);
            }
            if segment.chars().any(is_forbidden) {
                return Err(BadOrgPath::Character);
            }
            if depth > 0 {
                path.push('/');
            }
            path.push_str(&segment);
        }
        Ok(Self(path))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names, from the top down.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The unit's own name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The unit above, if there is one.
    pub fn parent(&self) -> Option<Self> {
        self.0
            .rsplit_once('/')
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    /// From the top down to this one, each a path of its own: the order in which they are made.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        let ends = self
            .0
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([self.0.len()]);
        ends.map(|end| Self(self.0[..end].to_owned()))
    }
}

impl std::fmt::Display for OrgPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_one_however_it_is_written() {
        let path = OrgPath::parse("计算机学院/软件工程系").unwrap();
        assert_eq!(
            OrgPath::parse(" 计算机学院 ／ 软件工程系 "),
            Ok(path.clone())
        );
        assert_eq!(
            path.segments().collect::<Vec<_>>(),
            ["计算机学院", "软件工程系"]
        );
        assert_eq!(path.name(), "软件工程系");
        assert_eq!(path.parent().unwrap().as_str(), "计算机学院");
        assert_eq!(path.parent().unwrap().parent(), None);
        let ancestors: Vec<_> = path.ancestors().map(|p| p.0).collect();
        assert_eq!(ancestors, ["计算机学院", "计算机学院/软件工程系"]);
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(OrgPath::parse(""), Err(BadOrgPath::Empty));
        assert_eq!(OrgPath::parse("a//b"), Err(BadOrgPath::Empty));
        assert_eq!(OrgPath::parse("/a"), Err(BadOrgPath::Empty));
        assert_eq!(OrgPath::parse("a/\u{200b}"), Err(BadOrgPath::Empty));
        assert!(OrgPath::parse(&["a"; 10].join("/")).is_ok());
        assert_eq!(OrgPath::parse(&["a"; 11].join("/")), Err(BadOrgPath::Depth));
        assert!(OrgPath::parse(&"院".repeat(100)).is_ok());
        assert_eq!(OrgPath::parse(&"院".repeat(101)), Err(BadOrgPath::Length));
        assert_eq!(
            OrgPath::parse(&"/".repeat(100_000)),
            Err(BadOrgPath::Length)
        );
        assert_eq!(OrgPath::parse("a\u{1}b"), Err(BadOrgPath::Character));
    }

    proptest! {
        #[test]
        fn ancestors_end_with_the_path_itself(text in "[a-z]{1,3}(/[a-z]{1,3}){0,9}") {
            let path = OrgPath::parse(&text).unwrap();
            prop_assert_eq!(path.ancestors().count(), path.segments().count());
            prop_assert_eq!(path.ancestors().last(), Some(path.clone()));
            for pair in path.ancestors().collect::<Vec<_>>().windows(2) {
                let above = pair[1].parent();
                prop_assert_eq!(above.as_ref(), Some(&pair[0]));
            }
        }
    }
}
