use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

pub(crate) const VARIABLE: &str = "YIMEN_LOG";
/// What is logged unless `YIMEN_LOG` says otherwise.
const USUAL: &str = "info,sqlx=warn";

/// Logs to stderr: lines for people on a terminal, JSON for what collects them elsewhere.
///
/// # Errors
/// When `filter` can't be read.
pub(crate) fn start(filter: Option<&str>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or(USUAL))
        .map_err(|e| anyhow::anyhow!("{VARIABLE}: {e}; write info, debug or idp=debug,info"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Fails only when a logger was set before, which then serves.
    let _set = if std::io::stderr().is_terminal() {
        builder.compact().with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    Ok(())
}
