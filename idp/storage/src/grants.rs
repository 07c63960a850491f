//! What applications take part in a session by.

use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, Sid};
use migrations::run;

use crate::{Conn, DbError};

migrations::statements! {
    IS_OF: "SELECT EXISTS (SELECT 1 FROM grants WHERE sid = $1 AND application_id = $2
        AND protocol = 'oidc' AND subject = $3 AND (NOT $4 OR id = $5))";
}

/// Whether the client knows this session's person by `subject`: by this very grant, where one is
/// named.
pub async fn is_of_client(
    conn: &mut Conn,
    sid: Sid,
    application: &ApplicationId,
    subject: &str,
    grant: Option<GrantId>,
) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(IS_OF)
        .bind(sid.0)
        .bind(application.as_str())
        .bind(subject)
        .bind(grant.is_some())
        .bind(grant.map(|grant| grant.0))
        .fetch_one(c))
}
