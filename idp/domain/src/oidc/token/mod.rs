//! What the token endpoint judges, and what its tokens say (RFC 6749 §4–6, OpenID Connect Core
//! §2, §3.1.3). One check is one small file.

mod access_token;
mod binding;
mod code;
mod id_token;
mod pkce;
mod refresh;
mod resource;
mod scope;
mod target;

pub use access_token::{AccessTokenClaims, Audience, Confirmation};
pub use binding::{Binding, TokenType};
pub use code::{CodeFault, PresentedCode};
pub use id_token::{IdTokenClaims, at_hash};
pub use refresh::{PresentedRefresh, RefreshUse, is_disused};
pub use resource::audiences;
pub use scope::narrow;
pub use target::Target;
