use jiff::Timestamp;

use crate::secrets::Tag;

/// The id of a foreign assertion or proof, which is good for nothing more once it was seen. The
/// caller notes it before it does anything else, and refuses where it was noted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendOnce {
    pub id: Tag,
    /// From then on the assertion itself is too old to come again.
    pub until: Timestamp,
}
