mod apereo;
mod applications;
mod people;

use clap::{Args, Subcommand};

use super::examples::examples;

/// Import people or applications from files
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = examples!(
        "yimen import people students.xlsx" => "all of the file, or nothing when a line is bad",
        "yimen import applications library.json" => "one application or an array of them",
        "yimen import apereo /etc/cas/services --dry-run" => "what would become of an Apereo CAS",
    )
)]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    People(people::People),
    Applications(applications::Applications),
    Apereo(apereo::Apereo),
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::People(people) => people.run(),
            What::Applications(applications) => applications.run(),
            What::Apereo(apereo) => apereo.run(),
        }
    }
}
