use jiff::SignedDuration;

use crate::secrets::random_secrets;

/// From the browser's redirect to the application's request (RFC 6749 §4.1.2 permits 10 minutes).
pub const CODE_TTL: SignedDuration = SignedDuration::from_secs(60);
/// Who verifies a token without asking us may be as late as this with a revocation.
pub const ACCESS_TOKEN_TTL: SignedDuration = SignedDuration::from_mins(10);
/// From the push to the browser's arrival (RFC 9126 §2.2).
pub const PUSHED_REQUEST_TTL: SignedDuration = SignedDuration::from_secs(60);
/// From a device's request to the person's decision and its fetching (RFC 8628 §3.2).
pub const DEVICE_TTL: SignedDuration = SignedDuration::from_mins(10);
/// How long an application that lost an answer gets the same successor again.
pub const REFRESH_GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Random characters: 256 bits.
const RANDOM: usize = 43;

/// A text that can't be one of our secrets of the kind that was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't a token of this kind")]
pub struct BadToken;

random_secrets! { BadToken:
    /// What a browser carries to the application (RFC 6749 §4.1.2).
    AuthorizationCode = "AC" + RANDOM;
    /// An access token that says nothing by itself.
    OpaqueAccessToken = "AT" + RANDOM;
    /// The secret end of a pushed request's `request_uri` (RFC 9126 §2.2).
    PushedRequest = "PR" + RANDOM;
    /// What a device polls with (RFC 8628 §3.2).
    DeviceCode = "DC" + RANDOM;
    /// What lets a client register itself (RFC 7591 §3).
    InitialAccessToken = "IT" + RANDOM;
    /// What lets it read and remove its registration (RFC 7592 §3).
    RegistrationToken = "RR" + RANDOM;
}
