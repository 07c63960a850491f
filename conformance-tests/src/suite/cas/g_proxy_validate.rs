//! G. /proxyValidate (88 to 92).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
