//! `sqlx::migrate!` embeds the files that it found when the crate was compiled. Without this, a new
//! migration would be missing from the binary until something else changed.

fn main() {
    for set in ["idp", "portal", "sms"] {
        println!("cargo:rerun-if-changed={set}/sqlite");
        println!("cargo:rerun-if-changed={set}/postgres");
    }
}
