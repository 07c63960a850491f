//! One alternative of an expression, read as a URL.

use super::charset::CharSet;
use super::expand::Token;

/// What a part of an expression matches, in the terms of our patterns. Never more than that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// `https://host[:port]`.
    pub(super) origin: String,
    pub(super) path: String,
    pub(super) reach: Reach,
    pub(super) query: Query,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Exact,
    /// What begins with the path, which ends with a slash.
    Below,
    /// The same without the path itself, unless a query follows.
    Beyond,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Query {
    None,
    /// Any, but there is one.
    Some,
    Exactly(String),
}

/// What was given up on the way, without losing the alternative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Narrowed {
    /// A dot that stands for any character, read as a full stop.
    Dot,
    /// `example.edu.*`: longer host names too.
    AfterHost(String),
    /// `/app.*`: `/apple` too.
    InSegment { path: String, wild: String },
    /// Only some characters may follow, so none does.
    Alphabet { path: String, wild: String },
}

/// Why an alternative is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dropped {
    /// The scheme isn't spelt out.
    Scheme(String),
    /// Not of the web; the whole text where it is one.
    NotWeb {
        scheme: String,
        literal: Option<String>,
    },
    NoUrl,
    /// With what is known of the host's end: `.example.edu`.
    Host {
        wild: String,
        scheme: String,
        tail: String,
    },
    Port {
        wild: String,
        origin: String,
    },
    /// Something in the middle of a path, or an alphabet for its end.
    Path {
        wild: String,
        begin: String,
    },
    /// More than one character at least.
    Length {
        wild: String,
        begin: String,
    },
    Query {
        wild: String,
        begin: String,
    },
    /// A query there must be, whichever.
    QueryNeeded {
        begin: String,
    },
    Fragment {
        begin: String,
    },
    /// A literal `*`.
    Star {
        begin: String,
    },
}

/// The claims of one alternative, and what reading it took.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) claims: Vec<Claim>,
    pub(super) narrowed: Vec<Narrowed>,
    pub(super) dropped: Vec<Dropped>,
}

impl Reading {
    pub(super) fn of(sequence: &[Token]) -> Self {
        let mut reading = Self::default();
        if let Err(dropped) = reading.url(sequence) {
            reading.dropped.push(dropped);
        }
        reading
    }

    fn url(&mut self, tokens: &[Token]) -> Result<(), Dropped> {
        let (scheme, rest) = scheme(tokens)?;
        let mut host = String::new();
        let mut dots = false;
        for (at, token) in rest.iter().enumerate() {
            match token {
                Token::Char('/' | '?' | '#') => {
                    self.note_dots(dots);
                    let origin = format!("{scheme}://{host}");
                    return self.path(&origin, &rest[at..]);
                }
                Token::Char(c) => host.push(*c),
                Token::Dot(_) => {
                    dots = true;
                    host.push('.');
                }
                Token::Many { set, min, text } if !host.is_empty() && !host.ends_with(':') => {
                    self.note_dots(dots);
                    let wild = (*set, *min, text.as_str());
                    return self.after_host(&scheme, &host, wild, &rest[at + 1..]);
                }
                wild => return Err(in_authority(wild, &scheme, &host, &rest[at + 1..])),
            }
        }
        self.note_dots(dots);
        if host.is_empty() {
            return Err(Dropped::NoUrl);
        }
        self.path(&format!("{scheme}://{host}"), &[])
    }

    fn note_dots(&mut self, dots: bool) {
        if dots {
            self.narrowed.push(Narrowed::Dot);
        }
    }

    /// `https://lib.example.edu.*` also matches `https://lib.example.edu.evil.example/`: the rest
    /// is taken to begin where a host ends.
    fn after_host(
        &mut self,
        scheme: &str,
        host: &str,
        (set, min, text): (CharSet, u32, &str),
        rest: &[Token],
    ) -> Result<(), Dropped> {
        let goes_on = !matches!(
            rest.first(),
            None | Some(Token::Char('/' | '?') | Token::Many { .. })
        );
        if goes_on || (!set.holds('/') && min > 0) {
            let wild = Token::Set(text.to_owned());
            return Err(in_authority(&wild, scheme, host, rest));
        }
        let origin = format!("{scheme}://{host}");
        self.narrowed.push(Narrowed::AfterHost(text.to_owned()));
        if set.holds('/') {
            let mut inside = vec![
                Token::Char('/'),
                Token::Many {
                    set,
                    min: min.saturating_sub(1),
                    text: text.to_owned(),
                },
            ];
            inside.extend_from_slice(rest);
            self.path(&origin, &inside)?;
        }
        if min == 0 {
            self.path(&origin, rest)?;
        }
        Ok(())
    }

    /// What follows the authority.
    fn path(&mut self, origin: &str, tokens: &[Token]) -> Result<(), Dropped> {
        let mut path = String::new();
        for (at, token) in tokens.iter().enumerate() {
            let rest = &tokens[at + 1..];
            let begin = || format!("{origin}{path}");
            match token {
                Token::Char('#') => return Err(Dropped::Fragment { begin: begin() }),
                Token::Char('*') => return Err(Dropped::Star { begin: begin() }),
                Token::Char('?') => {
                    let query = query(rest, &begin())?;
                    self.claim(origin, &path, Reach::Exact, query);
                    return Ok(());
                }
                Token::Char(c) => path.push(*c),
                Token::Dot(_) => {
                    self.note_dots(true);
                    path.push('.');
                }
                Token::Many { set, min, text } => {
                    return self.wild(origin, &path, (*set, *min, text), rest);
                }
                Token::Set(wild) => {
                    return Err(Dropped::Path {
                        wild: wild.clone(),
                        begin: begin(),
                    });
                }
                // Resolved when the alternatives were made.
                Token::Start | Token::End => return Err(Dropped::NoUrl),
            }
        }
        self.claim(origin, &path, Reach::Exact, Query::None);
        Ok(())
    }

    /// A path whose end is open.
    fn wild(
        &mut self,
        origin: &str,
        path: &str,
        (set, min, text): (CharSet, u32, &str),
        rest: &[Token],
    ) -> Result<(), Dropped> {
        let begin = format!("{origin}{path}");
        // What may be empty behind an open end adds nothing that matters.
        let empty = rest
            .iter()
            .take_while(|t| matches!(t, Token::Many { min: 0, .. }));
        let rest = &rest[empty.count()..];
        let queries = match rest {
            [] if set.covers_queries() => vec![Query::None, Query::Some],
            [] => vec![Query::None],
            [Token::Char('?'), tail @ ..] => vec![query(tail, &begin)?],
            _ => {
                let wild = text.to_owned();
                return Err(Dropped::Path { wild, begin });
            }
        };
        let (wild, path_text) = (text.to_owned(), path.to_owned());
        if !set.covers_paths() {
            if min > 0 {
                return Err(Dropped::Path { wild, begin });
            }
            self.narrowed.push(Narrowed::Alphabet {
                path: path_text,
                wild,
            });
            for query in queries {
                self.claim(origin, path, Reach::Exact, query);
            }
            return Ok(());
        }
        if path.ends_with('/') {
            let reach = match min {
                0 => Reach::Below,
                1 => Reach::Beyond,
                _ => return Err(Dropped::Length { wild, begin }),
            };
            for query in queries {
                self.claim(origin, path, reach, query);
            }
            return Ok(());
        }
        let reach = match min {
            0 | 1 => Reach::Below,
            2 => Reach::Beyond,
            _ => return Err(Dropped::Length { wild, begin }),
        };
        self.narrowed.push(Narrowed::InSegment {
            path: path_text,
            wild,
        });
        let folder = format!("{path}/");
        for query in queries {
            self.claim(origin, &folder, reach, query.clone());
            if min == 0 {
                self.claim(origin, path, Reach::Exact, query);
            }
        }
        Ok(())
    }

    fn claim(&mut self, origin: &str, path: &str, reach: Reach, query: Query) {
        self.claims.push(Claim {
            origin: origin.to_owned(),
            path: path.to_owned(),
            reach,
            query,
        });
    }
}

/// The scheme in lower case, and what follows `://`.
fn scheme(tokens: &[Token]) -> Result<(String, &[Token]), Dropped> {
    let mut scheme = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Char(c) => scheme.push(*c),
            Token::Dot(wild) | Token::Set(wild) | Token::Many { text: wild, .. } => {
                return Err(Dropped::Scheme(wild.clone()));
            }
            Token::Start | Token::End => return Err(Dropped::NoUrl),
        }
        if let Some(name) = scheme.strip_suffix("://") {
            let name = name.to_ascii_lowercase();
            if matches!(name.as_str(), "http" | "https") {
                return Ok((name, &tokens[at + 1..]));
            }
            return Err(Dropped::NotWeb {
                scheme: name,
                literal: literal(tokens),
            });
        }
    }
    Err(Dropped::NoUrl)
}

/// The text of an alternative that has only one.
pub(super) fn literal(tokens: &[Token]) -> Option<String> {
    let chars = tokens.iter().map(|token| match token {
        Token::Char(c) => Some(*c),
        _ => None,
    });
    chars.collect()
}

fn in_authority(wild: &Token, scheme: &str, host: &str, rest: &[Token]) -> Dropped {
    let wild = match wild {
        Token::Set(text) | Token::Many { text, .. } | Token::Dot(text) => text.clone(),
        Token::Char(_) | Token::Start | Token::End => return Dropped::NoUrl,
    };
    if let Some((name, _)) = host.split_once(':') {
        return Dropped::Port {
            wild,
            origin: format!("{scheme}://{name}"),
        };
    }
    let mut tail = String::new();
    for token in rest {
        match token {
            Token::Char('/' | '?' | '#' | ':') => break,
            Token::Char(c) => tail.push(*c),
            Token::Dot(_) => tail.push('.'),
            _ => tail.clear(),
        }
    }
    Dropped::Host {
        wild,
        scheme: scheme.to_owned(),
        tail,
    }
}

/// What follows the `?`.
fn query(tokens: &[Token], begin: &str) -> Result<Query, Dropped> {
    if let [Token::Many { set, min, .. }] = tokens
        && set.covers_queries()
        && *min <= 1
    {
        return Ok(Query::Some);
    }
    let begin = begin.to_owned();
    let Some(text) = literal(tokens) else {
        let wild = tokens.iter().find_map(|token| match token {
            Token::Dot(text) | Token::Set(text) | Token::Many { text, .. } => Some(text.clone()),
            _ => None,
        });
        let wild = wild.unwrap_or_default();
        return Err(Dropped::Query { wild, begin });
    };
    if text.contains('#') {
        Err(Dropped::Fragment { begin })
    } else if text.contains('*') {
        Err(Dropped::Star { begin })
    } else if text.is_empty() {
        // A bare `?` is as good as none to our registry, and here none isn't meant.
        Err(Dropped::QueryNeeded { begin })
    } else {
        Ok(Query::Exactly(text))
    }
}
