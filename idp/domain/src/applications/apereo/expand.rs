//! An expression as the list of its alternatives.

use super::charset::CharSet;
use super::expression::{Node, Repeated};

/// Alternatives of one expression.
pub(super) const MAX_ALTERNATIVES: usize = 100;
/// How often a group is repeated at most.
const MAX_REPEATED: u32 = 1000;
/// A class of so few characters is written out.
const MAX_WRITTEN_OUT: u32 = 10;
/// Tokens of all alternatives together: `((a{90}){90}){90}` is short too.
const MAX_TOKENS: usize = 100_000;

/// A piece of an alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    Dot(String),
    /// One of many characters.
    Set(String),
    /// At least `min` characters of the set, as many as there are.
    Many {
        set: CharSet,
        min: u32,
        text: String,
    },
    Start,
    End,
}

pub(super) type Sequence = Vec<Token>;

/// The alternatives. Each matches only what the expression matches.
#[derive(Clone, Debug, Default)]
pub(super) struct Expansion {
    pub(super) sequences: Vec<Sequence>,
    /// Repetitions of which only the first were taken.
    pub(super) shortened: Vec<String>,
}

/// More than [`MAX_ALTERNATIVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stands for more than {MAX_ALTERNATIVES} addresses or groups of them")]
pub(super) struct TooMany;

impl Expansion {
    pub(super) fn of(node: &Node) -> Result<Self, TooMany> {
        let mut expansion = Self::default();
        let sequences = expansion.expand(node)?;
        for sequence in sequences.iter().filter_map(|s| anchored(s)) {
            let sequence = joined(sequence);
            if !expansion.sequences.contains(&sequence) {
                expansion.sequences.push(sequence);
            }
        }
        Ok(expansion)
    }

    fn expand(&mut self, node: &Node) -> Result<Vec<Sequence>, TooMany> {
        Ok(match node {
            Node::Char(c) => vec![vec![Token::Char(*c)]],
            Node::Dot(text) => vec![vec![Token::Dot(text.clone())]],
            Node::Set(set, _) if (1..=MAX_WRITTEN_OUT).contains(&set.count()) => {
                set.members().map(|c| vec![Token::Char(c)]).collect()
            }
            Node::Set(_, text) => vec![vec![Token::Set(text.clone())]],
            Node::Start => vec![vec![Token::Start]],
            Node::End => vec![vec![Token::End]],
            Node::Concat(nodes) => {
                let mut all = vec![Sequence::new()];
                for node in nodes {
                    let next = self.expand(node)?;
                    all = product(&all, &next)?;
                }
                all
            }
            Node::Either(nodes) => {
                let mut all = Vec::new();
                for node in nodes {
                    all.extend(self.expand(node)?);
                    bounded(&all)?;
                }
                all
            }
            Node::Repeat(repeated) => self.repeat(repeated)?,
        })
    }

    fn repeat(&mut self, repeated: &Repeated) -> Result<Vec<Sequence>, TooMany> {
        let Repeated {
            node,
            min,
            max,
            text,
        } = repeated;
        let wide = match node {
            Node::Dot(_) => Some(CharSet::DOT),
            Node::Set(set, _) => Some(*set),
            _ => None,
        };
        match (wide, max) {
            (Some(set), None) => {
                return Ok(vec![vec![Token::Many {
                    set,
                    min: *min,
                    text: text.clone(),
                }]]);
            }
            // A full stop is meant where it stands once, not in `.{3}`.
            (Some(set), Some(max)) if *max > 1 || set == CharSet::DOT => {
                let mut all = vec![vec![Token::Set(text.clone())]];
                all.extend((*min == 0).then(Sequence::new));
                return Ok(all);
            }
            _ => {}
        }
        let most = max.unwrap_or_else(|| {
            self.shortened.push(text.clone());
            min.saturating_add(1)
        });
        if most > MAX_REPEATED {
            return Err(TooMany);
        }
        let one = self.expand(node)?;
        let mut copies = vec![Sequence::new()];
        let mut all = Vec::new();
        for count in 0..=most {
            if count >= *min {
                all.extend(copies.iter().cloned());
                bounded(&all)?;
            }
            if count < most {
                copies = product(&copies, &one)?;
            }
        }
        Ok(all)
    }
}

fn product(heads: &[Sequence], tails: &[Sequence]) -> Result<Vec<Sequence>, TooMany> {
    if heads.len().saturating_mul(tails.len()) > MAX_ALTERNATIVES {
        return Err(TooMany);
    }
    let mut all = Vec::with_capacity(heads.len() * tails.len());
    for head in heads {
        all.extend(tails.iter().map(|tail| [&head[..], tail].concat()));
    }
    bounded(&all)?;
    Ok(all)
}

fn bounded(all: &[Sequence]) -> Result<(), TooMany> {
    if all.len() > MAX_ALTERNATIVES || all.iter().map(Vec::len).sum::<usize>() > MAX_TOKENS {
        Err(TooMany)
    } else {
        Ok(())
    }
}

/// Without its anchors, or nothing where one can never hold. Of what stands outside an anchor only
/// the empty text can match.
fn anchored(sequence: &[Token]) -> Option<Sequence> {
    let may_be_empty = |token: &Token| {
        matches!(
            token,
            Token::Start | Token::End | Token::Many { min: 0, .. }
        )
    };
    let first = sequence.iter().rposition(|t| *t == Token::Start);
    let begin = first.map_or(0, |at| at + 1);
    let last = sequence.iter().position(|t| *t == Token::End);
    let end = last.unwrap_or(sequence.len());
    if begin > end {
        // `$^`: the empty text at most, which is no URL.
        return None;
    }
    let outside = sequence[..begin].iter().chain(&sequence[end..]);
    if outside.into_iter().all(may_be_empty) {
        Some(sequence[begin..end].to_vec())
    } else {
        None
    }
}

/// `..*` as `.+`, and `.*.*` as the wider of the two.
fn joined(sequence: Sequence) -> Sequence {
    let mut joined: Sequence = Vec::with_capacity(sequence.len());
    for token in sequence {
        match (joined.last_mut(), token) {
            (
                Some(Token::Many { set, min, text }),
                Token::Many {
                    set: next,
                    min: more,
                    text: tail,
                },
            ) if *set == next => {
                *min = min.saturating_add(more);
                text.push_str(&tail);
            }
            (
                Some(Token::Dot(dot)),
                Token::Many {
                    set: CharSet::DOT,
                    min,
                    text,
                },
            ) => {
                let text = format!("{dot}{text}");
                joined.pop();
                joined.push(Token::Many {
                    set: CharSet::DOT,
                    min: min.saturating_add(1),
                    text,
                });
            }
            (_, token) => joined.push(token),
        }
    }
    joined
}
