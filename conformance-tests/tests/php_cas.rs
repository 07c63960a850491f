//! phpCAS as the application, by CAS 3.0 and by SAML 1.1. Proxying: `proxy_chain`.

use anyhow::{Result, ensure};
use conformance_tests::application::{
    enter, forgotten, is_about_the_student, known, outcome, sign_in, sign_out, told,
};
use conformance_tests::campus::Campus;
use conformance_tests::on_each_engine;
use conformance_tests::stage::Stage;

on_each_engine!(one_password_opens_both_protocols_until_the_sign_out);

/// CAS 126 for the second; CAS 50, CAS 55 for both
async fn one_password_opens_both_protocols_until_the_sign_out(stage: &Stage) -> Result<()> {
    let campus = Campus::open(stage).await?;
    let visitor = campus.server.visitor()?;
    let (cas, saml) = (campus.archive(), campus.php_saml());

    is_about_the_student(&told(&sign_in(&visitor, &cas).await?)?)?;
    is_about_the_student(&told(&enter(&visitor, &saml).await?)?)?;
    is_about_the_student(&told(&known(&visitor, &cas).await?)?)?;
    is_about_the_student(&told(&known(&visitor, &saml).await?)?)?;

    // Another's session stays.
    let friend = campus.server.visitor()?;
    sign_in(&friend, &cas).await?;
    let page = sign_out(&visitor).await?;
    forgotten(&visitor, &cas).await?;
    forgotten(&visitor, &saml).await?;
    known(&friend, &cas).await?;
    let outcome = outcome(&visitor, page).await?;
    ensure!(outcome == ["delivered"; 2], "{outcome:?}");
    Ok(())
}
