//! Which cases to run: `12,30-41,53b`.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, ensure};

use super::case::About;

/// Numbers, ranges of numbers, and single parts; empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection(Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Numbers(u16, u16),
    Part(String),
}

impl Selection {
    pub fn contains(&self, case: &About) -> bool {
        let hit = |item: &Item| match item {
            Item::Numbers(first, last) => (*first..=*last).contains(&case.number),
            Item::Part(id) => *id == case.id(),
        };
        self.0.is_empty() || self.0.iter().any(hit)
    }
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let items = text.split(',').map(str::trim).map(item);
        Ok(Self(items.collect::<Result<_>>()?))
    }
}

fn item(text: &str) -> Result<Item> {
    let number = |digits: &str| -> Result<u16> {
        digits
            .trim()
            .parse()
            .with_context(|| format!("«{text}» is no case: say 12, 30-41 or 53b"))
    };
    if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (number(first)?, number(last)?);
        ensure!(first <= last, "{first}-{last} runs backwards");
        return Ok(Item::Numbers(first, last));
    }
    if let Some(digits) = text.strip_suffix(|end: char| end.is_ascii_lowercase()) {
        number(digits)?;
        return Ok(Item::Part(text.to_owned()));
    }
    let number = number(text)?;
    Ok(Item::Numbers(number, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::case::Level;

    fn case(number: u16, part: Option<&'static str>) -> About {
        About {
            number,
            part,
            level: Level::Must,
            section: "",
            title: "",
            module: "",
        }
    }

    #[test]
    fn numbers_ranges_and_parts() {
        let some: Selection = "12, 30-32,53b".parse().unwrap();
        let chosen = [
            (12, None),
            (12, Some("a")),
            (30, None),
            (32, None),
            (53, Some("b")),
        ];
        for (number, part) in chosen {
            assert!(some.contains(&case(number, part)), "{number} {part:?}");
        }
        for (number, part) in [(11, None), (33, None), (53, Some("a")), (53, None)] {
            assert!(!some.contains(&case(number, part)), "{number} {part:?}");
        }
        assert!(Selection::default().contains(&case(1, None)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "x", "1,,2", "5-3", "-3", "53bb", "70000"] {
            assert!(text.parse::<Selection>().is_err(), "{text}");
        }
    }
}
