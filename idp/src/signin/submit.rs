//! Number and password, as the sign-in form of any protocol posts them.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::signin::Destination;
use themes::pages::Notice;

use super::complete;
use super::form::{Shown, SignInForm};
use super::password::{self, Attempt, Begun, Outcome};
use crate::factors::captcha::Answer;
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Tries what was typed, and goes on to `destination`, to the next step, or back to the form.
pub async fn submit(
    visit: &mut Visit,
    form: &Fields,
    sign_in: &SignInForm,
    destination: Destination,
) -> Result<Response, Refusal> {
    let captcha = (!form.get("captcha_id").is_empty()).then(|| Answer {
        id: form.get("captcha_id"),
        text: form.get("captcha"),
    });
    let attempt = Attempt {
        username: form.get("username"),
        password: form.get("password"),
        captcha,
        destination: destination.clone(),
        wishes: sign_in.wishes,
    };
    match password::begin(visit, attempt, sign_in).await? {
        Begun::Waiting => Ok(visit.redirect_home("/signin/queue")),
        Begun::Finished(Outcome::Complete) => complete::arrive(visit, &destination).await,
        Begun::Finished(Outcome::Steps) => Ok(visit.redirect_home("/signin/continue")),
        Begun::Finished(Outcome::Refused { notice, captcha }) => {
            let status = match notice {
                Notice::WrongPassword => StatusCode::UNAUTHORIZED,
                Notice::Slowed { .. } | Notice::SecondChannel => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::BAD_REQUEST,
            };
            let shown = Shown {
                notice: Some(notice),
                username: form.get("username").chars().take(64).collect(),
                captcha,
            };
            sign_in.render(visit, status, shown)
        }
    }
}
