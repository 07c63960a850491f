use crate::applications::{AccessDenial, Application};

/// An application's right to act for itself (RFC 6749 §4.4). There is one way to get it.
#[derive(Clone, Debug)]
pub struct ClientGrant {
    application: Application,
}

impl ClientGrant {
    /// The caller knows that it is the application who asks.
    ///
    /// # Errors
    /// [`AccessDenial::Disabled`]. The other rules of an access policy are about people.
    pub fn establish(application: &Application) -> Result<Self, AccessDenial> {
        if application.enabled {
            Ok(Self {
                application: application.clone(),
            })
        } else {
            Err(AccessDenial::Disabled)
        }
    }

    pub fn application(&self) -> &Application {
        &self.application
    }
}
