/// The examples at the end of a help page: commands, each with what it does. A macro, since clap
/// wants a text that lives as long as the program.
macro_rules! examples {
    ($($command:literal => $what:literal),+ $(,)?) => {
        concat!(
            "\x1b[1m\x1b[32mExamples:\x1b[0m",
            $("\n  \x1b[1m\x1b[36m", $command, "\x1b[0m\n      ", $what),+
        )
    };
}

pub(super) use examples;
