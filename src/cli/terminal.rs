//! What a command says: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// A line of the result.
///
/// # Errors
/// When nobody reads any more (`yimen … | head`).
pub(super) fn out(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// A remark beside the result.
pub(super) fn note(line: &str) {
    // A closed stderr is no reason to fail.
    let _closed = writeln!(io::stderr().lock(), "{line}");
}

/// The one message of a command that failed.
pub(super) fn error(message: &str) {
    let (red, plain) = if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        ("\x1b[1;31m", "\x1b[0m")
    } else {
        ("", "")
    };
    note(&format!("{red}error:{plain} {message}"));
}

/// Progress of a long piece of work: a bar on a terminal, a line at each tenth elsewhere.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Progress {
    /// `total` may be 0 where it isn't known.
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let (bar, template) = if total == 0 {
                (ProgressBar::new_spinner(), "{msg} {spinner} {human_pos}")
            } else {
                (
                    ProgressBar::new(total),
                    "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
                )
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.with_message(what)
        });
        Self {
            what,
            total,
            bar,
            tenths: 0,
        }
    }

    pub(super) fn reach(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let tenths = (done * 10).checked_div(self.total).unwrap_or(0);
        if tenths > self.tenths {
            self.tenths = tenths;
            note(&format!("{} {done}/{}", self.what, self.total));
        }
    }

    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
