//! J. Tickets and the cookie (105 to 120).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
