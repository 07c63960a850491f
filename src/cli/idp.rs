use clap::Args;

use super::examples::examples;
use super::flags::{ListenFlags, StoreFlags};
use super::up::{Serve, WithHall};

/// Start the identity provider alone, as one of several nodes
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen idp --config /etc/yimen/yimen.toml" => "one node",
    "yimen idp --listen 10.0.0.6:8080 --database postgres://yimen@db.example.edu/yimen --issuer https://id.example.edu"
        => "another node of the same provider",
))]
pub(super) struct Idp {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    listen: ListenFlags,
    #[command(flatten)]
    store: StoreFlags,
}

impl Idp {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let loaded = self.store.load_as_node(&self.listen)?;
        self.serve.run(loaded, WithHall::No)
    }
}
