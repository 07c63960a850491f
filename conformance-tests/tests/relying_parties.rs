//! Relying parties of other people: `mod_auth_openidc`, npm's openid-client and Authlib, each through
//! the same story.

use anyhow::{Context as _, Result, ensure};
use conformance_tests::application::{
    forgotten, known, outcome, sent_to_us, sign_in, sign_out, told,
};
use conformance_tests::relying_party::{Channel, Make, RelyingParty, Told};
use conformance_tests::server::Server;
use conformance_tests::stage::Stage;
use conformance_tests::story::{SERVICE, ticket_without_password};
use conformance_tests::visitor::Visitor;
use conformance_tests::{demo, on_each_engine};

on_each_engine!(mod_auth_openidc, openid_client, authlib);

async fn mod_auth_openidc(stage: &Stage) -> Result<()> {
    let story = Story::begin(stage, Make::ModAuthOpenidc).await?;
    story.a_page_in_php_knows_the_person().await?;
    story.tell().await
}

async fn openid_client(stage: &Stage) -> Result<()> {
    Story::begin(stage, Make::OpenidClient).await?.tell().await
}

async fn authlib(stage: &Stage) -> Result<()> {
    Story::begin(stage, Make::Authlib).await?.tell().await
}

struct Story {
    server: Server,
    party: RelyingParty,
}

impl Story {
    async fn begin(stage: &Stage, make: Make) -> Result<Self> {
        let server = Server::start(stage).await?;
        let party = RelyingParty::start(stage, &server, make, Channel::Back).await?;
        Ok(Self { server, party })
    }

    async fn tell(&self) -> Result<()> {
        let friend = self.server.visitor()?;
        sign_in(&friend, &self.party.page()).await?;
        self.signs_in_and_refreshes().await?;
        self.hears_of_a_sign_out_by_the_back_channel().await?;
        // Another's session stays through all of it.
        known(&friend, &self.party.page()).await?;
        self.signs_out_at_the_provider().await?;
        known(&friend, &self.party.page()).await?;
        self.hears_of_a_sign_out_by_the_front_channel().await?;
        known(&friend, &self.party.page()).await?;
        Ok(())
    }

    /// Authorization code with PKCE (RFC 7636 4.3), claims by userinfo, a refreshed access token.
    async fn signs_in_and_refreshes(&self) -> Result<()> {
        let visitor = self.server.visitor()?;
        let asked = sent_to_us(&visitor, &self.party.page()).await?;
        let method = asked.redirected_with("code_challenge_method");
        ensure!(method.as_deref() == Some("S256"), "{}", asked.summary());
        sign_in(&visitor, &self.party.page()).await?;
        let first = self.told(&visitor, &self.party.told()).await?;
        is_about_the_student(&first)?;

        let second = self.told(&visitor, &self.party.refresh()).await?;
        is_about_the_student(&second)?;
        ensure!(
            first.access_token != second.access_token,
            "the access token is the same after the refresh"
        );
        // The rotated one is good too.
        let third = self.told(&visitor, &self.party.refresh()).await?;
        ensure!(second.access_token != third.access_token, "the same again");

        // One sign-in for both protocols.
        ticket_without_password(&visitor, &self.server, SERVICE).await?;
        Ok(())
    }

    /// What the document says of PHP behind the module.
    async fn a_page_in_php_knows_the_person(&self) -> Result<()> {
        let visitor = self.server.visitor()?;
        sign_in(&visitor, &self.party.page()).await?;
        let page = format!("{}person.php", self.party.page());
        let person = told(&known(&visitor, &page).await?)?;
        ensure!(person["number"] == demo::STUDENT.number, "{person}");
        let name = person["name"].as_str().unwrap_or_default();
        ensure!(!name.is_ascii(), "the name lost its characters: {person}");
        Ok(())
    }

    /// OIDC 84, OIDC 85: the session at the application is gone.
    async fn hears_of_a_sign_out_by_the_back_channel(&self) -> Result<()> {
        let visitor = self.server.visitor()?;
        sign_in(&visitor, &self.party.page()).await?;
        known(&visitor, &self.party.page()).await?;
        let page = sign_out(&visitor).await?;
        forgotten(&visitor, &self.party.page()).await?;
        let outcome = outcome(&visitor, page).await?;
        ensure!(outcome == ["delivered"], "{outcome:?}");
        self.is_a_stranger(&visitor).await
    }

    /// OIDC 78, OIDC 79: no question, back to the application, and the session here is over as
    /// well.
    async fn signs_out_at_the_provider(&self) -> Result<()> {
        let visitor = self.server.visitor()?;
        sign_in(&visitor, &self.party.page()).await?;
        let leaving = visitor.open(self.party.sign_out().parse()?).await?;
        let answer = visitor.through(leaving).await?;
        let back = answer.redirect().with_context(|| answer.summary())?;
        ensure!(
            back.as_str().starts_with(&self.party.goodbye()),
            "sent to {back}"
        );
        ensure!(visitor.open(back).await?.status.is_success());
        self.is_a_stranger(&visitor).await
    }

    /// Front-Channel Logout 1.0 2: the frame's address ends the session.
    async fn hears_of_a_sign_out_by_the_front_channel(&self) -> Result<()> {
        self.party.be_told_by(&self.server, Channel::Front).await?;
        let visitor = self.server.visitor()?;
        sign_in(&visitor, &self.party.page()).await?;
        let page = sign_out(&visitor).await?;
        known(&visitor, &self.party.page()).await?;
        let frames = page.attributes("iframe[data-front]", "src");
        ensure!(
            matches!(&frames[..], [one] if one.starts_with(&self.party.front_channel())),
            "{frames:?}"
        );
        // From another site a browser leaves the application's cookies out.
        let elsewhere = self.server.visitor()?;
        for frame in frames {
            let shown = elsewhere.open(frame.parse()?).await?;
            ensure!(shown.status.is_success(), "{}", shown.summary());
        }
        forgotten(&visitor, &self.party.page()).await
    }

    async fn told(&self, visitor: &Visitor, address: &str) -> Result<Told> {
        Ok(Told::read(&told(&known(visitor, address).await?)?))
    }

    /// Neither the application nor the provider knows the visitor: a password is asked for.
    async fn is_a_stranger(&self, visitor: &Visitor) -> Result<()> {
        let hop = sent_to_us(visitor, &self.party.page()).await?;
        visitor.through(hop).await?.expect("sign_in")?;
        Ok(())
    }
}

fn is_about_the_student(told: &Told) -> Result<()> {
    let (claims, number) = (&told.userinfo, demo::STUDENT.number);
    ensure!(claims["sub"].is_string(), "{claims}");
    ensure!(claims["sub"] == told.id_token["sub"], "{told:?}");
    ensure!(told.id_token["sid"].is_string(), "{told:?}");
    ensure!(claims["preferred_username"] == number, "{claims}");
    let name = claims["name"].as_str().unwrap_or_default();
    ensure!(!name.is_ascii(), "the name lost its characters: {claims}");
    ensure!(claims["eduperson_affiliation"][0] == "student", "{claims}");
    Ok(())
}
