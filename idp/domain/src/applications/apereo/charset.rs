use regex_syntax::ast::{
    ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, ClassSetRange,
};

/// A set of characters, of which only those of ASCII are told apart.
///
/// It may hold fewer than the class that it was read from, never more: what must be a subset of
/// the expression stays one, and what must hold a whole alphabet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CharSet {
    ascii: u128,
}

impl CharSet {
    const NOTHING: Self = Self { ascii: 0 };

    /// What `.` matches in Java: all but the ends of lines.
    pub(super) const DOT: Self = Self {
        ascii: !(1 << b'\n' | 1 << b'\r'),
    };

    pub(super) fn holds(self, c: char) -> bool {
        c.is_ascii() && self.ascii >> (c as u32) & 1 == 1
    }

    fn add(&mut self, c: char) {
        if c.is_ascii() {
            self.ascii |= 1 << (c as u32);
        }
    }

    fn of(which: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::NOTHING;
        for byte in (0..=0x7f).filter(|b| which(*b)) {
            set.add(char::from(byte));
        }
        set
    }

    pub(super) fn count(self) -> u32 {
        self.ascii.count_ones()
    }

    pub(super) fn members(self) -> impl Iterator<Item = char> {
        (0..=0x7f_u8)
            .map(char::from)
            .filter(move |c| self.holds(*c))
    }

    /// Whether it holds whatever may stand in the path of a service URL.
    pub(super) fn covers_paths(self) -> bool {
        (b'!'..=b'~')
            .map(char::from)
            .all(|c| matches!(c, '\\' | '#' | '?') || self.holds(c))
    }

    /// The same for a path with a query.
    pub(super) fn covers_queries(self) -> bool {
        self.covers_paths() && self.holds('?')
    }

    /// `\d`, `\s` and `\w` as Java reads them: ASCII only.
    pub(super) fn perl(class: &ClassPerl) -> Self {
        let mut set = match class.kind {
            ClassPerlKind::Digit => Self::of(|b| b.is_ascii_digit()),
            ClassPerlKind::Space => Self::of(|b| matches!(b, b' ' | 0x09..=0x0d)),
            ClassPerlKind::Word => Self::of(|b| b.is_ascii_alphanumeric() || b == b'_'),
        };
        if class.negated {
            set.ascii = !set.ascii;
        }
        set
    }

    /// `[…]`, if it is of the kind that Java reads alike.
    pub(super) fn bracketed(class: &ClassBracketed) -> Option<Self> {
        let ClassSet::Item(item) = &class.kind else {
            // `&&` is a class of its own in Java, `--` and `~~` are none at all.
            return None;
        };
        let mut set = Self::NOTHING;
        set.take(item)?;
        if class.negated {
            set.ascii = !set.ascii;
        }
        Some(set)
    }

    fn take(&mut self, item: &ClassSetItem) -> Option<()> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => self.add(literal.c),
            ClassSetItem::Range(ClassSetRange { start, end, .. }) => {
                for c in (start.c..=end.c).take_while(char::is_ascii) {
                    self.add(c);
                }
            }
            ClassSetItem::Perl(class) => self.ascii |= Self::perl(class).ascii,
            ClassSetItem::Union(union) => {
                for item in &union.items {
                    self.take(item)?;
                }
            }
            // `[[:alpha:]]` is a class in a class in Java, and so are brackets, which its versions
            // negate differently.
            ClassSetItem::Ascii(_) | ClassSetItem::Unicode(_) | ClassSetItem::Bracketed(_) => {
                return None;
            }
        }
        Some(())
    }
}
