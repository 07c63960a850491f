//! People in numbers who have signed in before: imported, then taken through the wizard with the
//! activation codes that `yimen activation print` gives.

use std::ops::Range;

use anyhow::{Result, ensure};

use crate::demo;
use crate::people::{self, Person, Validity};
use crate::server::Server;
use crate::stage::Stage;
use crate::story::{FirstSignIn, SERVICE, code_of};

/// The password of all of them.
pub const PASSWORD: &str = demo::NEW_PASSWORD;

/// Limits as behind the campus' own egress: a test's visitors come fast and all from loopback.
pub const CAMPUS: &str = "[limits]\n\
     campus_networks = [\"127.0.0.0/8\"]\n\
     campus_per_minute = 1000000\n";

/// The same, and a wizard that asks for no phone, so that it takes no message a person.
pub fn configuration() -> String {
    format!("{CAMPUS}[activation]\nrequired = [\"password\"]\n")
}

/// Imports the people of these indices and activates them. The server must run by
/// [`configuration`].
pub async fn settle(stage: &Stage, server: &Server, indices: Range<u32>) -> Result<Vec<Person>> {
    let file = stage.folder().join("residents.csv");
    people::write(&file, indices.clone(), Validity::Now)?;
    server
        .run(&["import", "people", &file.to_string_lossy()])
        .await?;
    let codes = server.run(&["activation", "print"]).await?;
    let residents: Vec<Person> = indices.map(|index| Person { index }).collect();
    for person in &residents {
        activate(server, *person, &codes).await?;
    }
    Ok(residents)
}

async fn activate(server: &Server, person: Person, codes: &str) -> Result<()> {
    let visitor = server.visitor()?;
    let story = FirstSignIn {
        visitor: &visitor,
        server,
    };
    let number = person.number();
    let page = story
        .begin_as(SERVICE, &number, &person.initial_password())
        .await?;
    let page = story
        .use_activation_code(&page, &code_of(codes, &number)?)
        .await?;
    let page = story.accept_notice(&page).await?;
    let page = story.set_password(&page, PASSWORD).await?;
    let answer = story.finish(&page).await?;
    ensure!(
        answer.ticket().is_some(),
        "not activated: {}",
        answer.summary()
    );
    Ok(())
}
