//! The main story in Chromium: a student opens a page that `mod_auth_cas` protects, signs in for
//! the first time, and lands there, known by name. The pages are looked at on the way.

use anyhow::{Result, ensure};
use conformance_tests::apache::Apache;
use conformance_tests::browser::{Browser, Key, Survey};
use conformance_tests::engine::Engine;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::{demo, inbox, on_each_engine, residents, story};

on_each_engine!(
    a_student_signs_in_for_the_first_time,
    the_same_with_the_keyboard_alone,
    an_activation_code_serves_where_no_phone_is_known,
);

async fn a_student_signs_in_for_the_first_time(stage: &Stage) -> Result<()> {
    // What the pages look like is no matter of the database.
    let surveyed = stage.engine == Engine::Sqlite;
    Telling::begin(stage, Hands::Mouse, surveyed)
        .await?
        .to_the_end()
        .await
}

async fn the_same_with_the_keyboard_alone(stage: &Stage) -> Result<()> {
    Telling::begin(stage, Hands::Keyboard, false)
        .await?
        .to_the_end()
        .await
}

async fn an_activation_code_serves_where_no_phone_is_known(stage: &Stage) -> Result<()> {
    let telling = Telling::begin(stage, Hands::Mouse, false).await?;
    let code = story::activation_code(&telling.server)?;
    telling.sign_in(demo::NEW_WITH_CODE.number).await?;
    telling.browser.expect_page("evidence").await?;
    telling.fill("#activation_code", &code).await?;
    telling.press("#submit").await?;
    telling.accept_notice().await?;
    telling.choose_password().await?;
    telling.bind_another_phone("+8613800009003").await?;
    telling.finish(demo::NEW_WITH_CODE.number).await
}

/// How the page is worked.
#[derive(Clone, Copy)]
enum Hands {
    Mouse,
    Keyboard,
}

/// One telling of the story.
struct Telling {
    server: Server,
    apache: Apache,
    browser: Browser,
    hands: Hands,
    survey: Option<Survey>,
}

impl Telling {
    async fn begin(stage: &Stage, hands: Hands, surveyed: bool) -> Result<Self> {
        let pictures = stage.keepsakes("first-sign-in")?;
        let survey = surveyed.then(|| Survey::new(pictures));
        let server = Site::new(stage, "server", residents::CAMPUS)
            .await?
            .start()
            .await?;
        let apache = Apache::start(stage, &server).await?;
        let browser = Browser::start(stage).await?;
        Ok(Self {
            server,
            apache,
            browser,
            hands,
            survey,
        })
    }

    async fn to_the_end(&self) -> Result<()> {
        self.sign_in(demo::NEW.number).await?;
        self.prove_with_phone().await?;
        self.accept_notice().await?;
        self.choose_password().await?;
        self.bind_the_proved_phone().await?;
        self.finish(demo::NEW.number).await
    }

    async fn sign_in(&self, number: &str) -> Result<()> {
        self.browser.open(&self.apache.secret()).await?;
        self.browser.expect_page("sign_in").await?;
        self.survey("1-sign-in").await?;
        let password = story::initial_password(&self.server, number)?;
        self.fill("#username", number).await?;
        self.fill("#password", &password).await?;
        self.press("#submit").await
    }

    async fn prove_with_phone(&self) -> Result<()> {
        let phone = demo::NEW.phone;
        self.browser.expect_page("evidence").await?;
        self.survey("2-evidence").await?;
        let before = inbox::messages(&self.server, phone).await?.len();
        self.press("#submit").await?;
        self.browser.find("#code").await?;
        let code = inbox::code_after(&self.server, phone, before).await?;
        self.survey("3-evidence-code").await?;
        self.fill("#code", &code).await?;
        self.press("#submit").await
    }

    async fn accept_notice(&self) -> Result<()> {
        self.browser.expect_page("privacy_notice").await?;
        self.survey("4-notice").await?;
        match self.hands {
            Hands::Mouse => self.browser.click("#accept").await?,
            Hands::Keyboard => {
                self.browser.tab_to("#accept").await?;
                self.browser.press(Key::Space).await?;
            }
        }
        self.press("#submit").await
    }

    async fn choose_password(&self) -> Result<()> {
        self.browser.expect_page("new_password").await?;
        self.survey("5-password").await?;
        self.fill("#password", demo::NEW_PASSWORD).await?;
        self.fill("#password_again", demo::NEW_PASSWORD).await?;
        self.press("#submit").await
    }

    async fn bind_the_proved_phone(&self) -> Result<()> {
        self.browser.expect_page("bind_phone").await?;
        self.survey("6-phone").await?;
        self.press("#keep-form button").await
    }

    async fn bind_another_phone(&self, phone: &str) -> Result<()> {
        self.browser.expect_page("bind_phone").await?;
        self.fill("#phone", phone).await?;
        self.press("#submit").await?;
        self.browser.find("#code").await?;
        let code = inbox::code_after(&self.server, phone, 0).await?;
        self.fill("#code", &code).await?;
        self.press("#submit").await
    }

    /// 我已完成, and on to the page she wanted, where Apache knows number and name.
    async fn finish(&self, number: &str) -> Result<()> {
        self.browser.expect_page("done").await?;
        self.survey("7-done").await?;
        let heading = self.browser.text("h1").await?;
        self.press("#submit").await?;
        let user = self.browser.text("#user").await?;
        let name = self.browser.text("#name").await?;
        ensure!(
            self.browser.url().await? == self.apache.secret(),
            "landed elsewhere"
        );
        ensure!(user == number, "Apache knows {user}, not {number}");
        ensure!(
            !name.is_empty() && heading.contains(&name),
            "«{name}» isn't in «{heading}»"
        );
        self.survey.as_ref().map_or(Ok(()), Survey::end)
    }

    async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        match self.hands {
            Hands::Mouse => self.browser.type_into(selector, text).await,
            Hands::Keyboard => {
                self.browser.tab_to(selector).await?;
                self.browser.type_keys(text).await
            }
        }
    }

    async fn press(&self, selector: &str) -> Result<()> {
        match self.hands {
            Hands::Mouse => self.browser.click(selector).await,
            Hands::Keyboard => {
                self.browser.tab_to(selector).await?;
                self.browser.press(Key::Enter).await
            }
        }
    }

    async fn survey(&self, page: &str) -> Result<()> {
        match &self.survey {
            Some(survey) => survey.look_at(&self.browser, page).await,
            None => Ok(()),
        }
    }
}
