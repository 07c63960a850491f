//! `/samlValidate` (CAS 3.0.3 §4.2): the ticket comes as the artifact of a SAML 1.1 request, the
//! answer is a SAML 1.1 response, both in a SOAP 1.1 envelope (OASIS saml-core-1.1,
//! saml-bindings-1.1 §3.1). Old, and still what many campus applications were set up with.

mod query;
mod request;
mod response;

pub use query::{BadSamlQuery, SamlQuery};
pub use request::{BadSamlRequest, MAX_SAML_REQUEST_BYTES, SamlRequest};
pub use response::{
    SAML, SamlAnswer, SamlFailure, render_saml_failure, render_saml_success, saml_id,
};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
