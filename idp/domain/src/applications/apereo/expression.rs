use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ErrorKind, Flag, Flags, FlagsItemKind, GroupKind, Repetition,
    RepetitionKind, RepetitionRange, Span,
};

use super::charset::CharSet;

/// Groups within groups that are read.
const MAX_NESTING: u32 = 40;
/// Bytes of an expression that are read.
const MAX_BYTES: usize = 4096;

/// A regular expression of Java's, as far as it can be taken apart.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Char(char),
    /// `.` alone: any character, though a full stop is nearly always meant.
    Dot(String),
    Set(CharSet, String),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Repeated>),
    /// `^`
    Start,
    /// `$`
    End,
}

/// A node and how often it may stand there.
#[derive(Clone, Debug)]
pub(super) struct Repeated {
    pub(super) node: Node,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) text: String,
}

/// Why an expression isn't read. Whatever Java and we might read differently is among it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("looks ahead or behind (`{0}`), which says more than a list of addresses can")]
    LookAround(String),
    #[error("refers back to a group (`{0}`)")]
    BackReference(String),
    #[error("has `{0}`, which is read in another way in Java")]
    Different(String),
    #[error("is no regular expression that can be read: {0}")]
    Syntax(String),
}

impl Node {
    /// # Errors
    /// [`Unread`]
    pub(super) fn read(text: &str) -> Result<Self, Unread> {
        if text.len() > MAX_BYTES {
            return Err(Unread::TooLong);
        }
        let text = unquote(text);
        let parsed = ParserBuilder::new()
            .nest_limit(MAX_NESTING)
            .build()
            .parse(&text);
        let ast = parsed.map_err(|error| {
            let fragment = fragment(&text, error.span());
            match error.kind() {
                ErrorKind::UnsupportedLookAround => Unread::LookAround(fragment),
                ErrorKind::UnsupportedBackreference => Unread::BackReference(fragment),
                kind => Unread::Syntax(format!("{kind} (at `{fragment}`)")),
            }
        })?;
        Reader { text: &text }.node(&ast)
    }
}

/// Writes `\Q…\E` as escaped characters.
fn unquote(text: &str) -> String {
    let Some((before, after)) = text.split_once("\\Q") else {
        return text.to_owned();
    };
    // An escaped backslash before a plain Q.
    let backslashes = before.bytes().rev().take_while(|b| *b == b'\\').count();
    if backslashes % 2 == 1 {
        return format!("{before}\\Q{}", unquote(after));
    }
    let (quoted, rest) = after.split_once("\\E").unwrap_or((after, ""));
    format!("{before}{}{}", regex_syntax::escape(quoted), unquote(rest))
}

fn fragment(text: &str, span: &Span) -> String {
    let cut = text.get(span.start.offset..span.end.offset);
    match cut {
        Some("") | None => text.chars().take(60).collect(),
        Some(cut) => cut.chars().take(60).collect(),
    }
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn cut(&self, span: &Span) -> String {
        fragment(self.text, span)
    }

    fn different<T>(&self, span: &Span) -> Result<T, Unread> {
        Err(Unread::Different(self.cut(span)))
    }

    fn node(&self, ast: &Ast) -> Result<Node, Unread> {
        Ok(match ast {
            Ast::Empty(_) => Node::Concat(Vec::new()),
            Ast::Flags(set) => self.flags(&set.flags).map(|()| Node::Concat(Vec::new()))?,
            Ast::Literal(literal) => Node::Char(literal.c),
            Ast::Dot(span) => Node::Dot(self.cut(span)),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::StartText => Node::Start,
                AssertionKind::EndLine | AssertionKind::EndText => Node::End,
                _ => self.different(&assertion.span)?,
            },
            Ast::ClassPerl(class) => Node::Set(CharSet::perl(class), self.cut(&class.span)),
            Ast::ClassBracketed(class) => match CharSet::bracketed(class) {
                Some(set) => Node::Set(set, self.cut(&class.span)),
                None => self.different(&class.span)?,
            },
            Ast::ClassUnicode(class) => self.different(&class.span)?,
            Ast::Repetition(repetition) => self.repetition(repetition)?,
            Ast::Group(group) => {
                match &group.kind {
                    GroupKind::CaptureIndex(_) => {}
                    GroupKind::CaptureName { starts_with_p, .. } if !starts_with_p => {}
                    GroupKind::CaptureName { .. } => self.different(&group.span)?,
                    GroupKind::NonCapturing(flags) => self.flags(flags)?,
                }
                self.node(&group.ast)?
            }
            Ast::Alternation(alternation) => Node::Either(self.all(&alternation.asts)?),
            Ast::Concat(concat) => Node::Concat(self.all(&concat.asts)?),
        })
    }

    fn all(&self, asts: &[Ast]) -> Result<Vec<Node>, Unread> {
        asts.iter().map(|ast| self.node(ast)).collect()
    }

    /// Of the flags only those that make an expression match more, or that change nothing in a
    /// URL: without them it is read more narrowly.
    fn flags(&self, flags: &Flags) -> Result<(), Unread> {
        let harmless = flags.items.iter().all(|item| {
            matches!(
                item.kind,
                FlagsItemKind::Negation
                    | FlagsItemKind::Flag(
                        Flag::CaseInsensitive | Flag::DotMatchesNewLine | Flag::Unicode
                    )
            )
        });
        if harmless {
            Ok(())
        } else {
            self.different(&flags.span)
        }
    }

    fn repetition(&self, repetition: &Repetition) -> Result<Node, Unread> {
        // `a*+` is possessive in Java: it gives nothing back, and so matches less.
        if matches!(*repetition.ast, Ast::Repetition(_)) {
            return self.different(&repetition.span);
        }
        let operator = self.cut(&repetition.op.span);
        let (min, max) = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => (0, Some(1)),
            RepetitionKind::ZeroOrMore => (0, None),
            RepetitionKind::OneOrMore => (1, None),
            // Java has no `{,n}`.
            RepetitionKind::Range(_) if operator.starts_with("{,") => {
                return self.different(&repetition.span);
            }
            RepetitionKind::Range(RepetitionRange::Exactly(n)) => (*n, Some(*n)),
            RepetitionKind::Range(RepetitionRange::AtLeast(n)) => (*n, None),
            RepetitionKind::Range(RepetitionRange::Bounded(n, m)) => (*n, Some(*m)),
        };
        Ok(Node::Repeat(Box::new(Repeated {
            node: self.node(&repetition.ast)?,
            min,
            max,
            text: self.cut(&repetition.span),
        })))
    }
}
