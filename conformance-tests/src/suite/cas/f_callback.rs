//! F. The proxy callback (78 to 87).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
