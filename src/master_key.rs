//! Where the master key comes from: `YIMEN_MASTER_KEY`, or `master.key` in the data folder. The key
//! of a hall that runs alone comes the same way.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use idp_domain::secrets::MasterKey;
use rand::CryptoRng;

use crate::files;

pub(crate) const VARIABLE: &str = "YIMEN_MASTER_KEY";
/// The same for a hall that runs alone.
pub(crate) const HALL_VARIABLE: &str = "YIMEN_HALL_KEY";

/// The key, wherever it is kept; the variable goes before the file.
///
/// # Errors
/// When it is malformed, a sample, or readable by others.
pub(crate) fn find(variable: Option<&str>, file: &Path) -> anyhow::Result<Option<MasterKey>> {
    if let Some(text) = variable {
        return Ok(Some(MasterKey::from_hex(text).context(variable_of(file))?));
    }
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).context(file.display().to_string()),
    };
    let mode = std::fs::metadata(file)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "{0} can be read by others (mode {1:03o}): chmod 600 {0}",
            file.display(),
            mode & 0o777
        );
    }
    let key = MasterKey::from_hex(&text).with_context(|| file.display().to_string())?;
    Ok(Some(key))
}

/// The variable that stands for a file.
fn variable_of(file: &Path) -> &'static str {
    if file.ends_with("hall.key") {
        HALL_VARIABLE
    } else {
        VARIABLE
    }
}

/// Makes a key beside an empty database.
///
/// # Errors
/// When the file is there already or can't be written.
pub(crate) fn create(file: &Path, rng: &mut impl CryptoRng) -> anyhow::Result<MasterKey> {
    let key = MasterKey::generate(rng);
    files::write_private(file, format!("{}\n", key.to_hex()).as_bytes(), false)
        .with_context(|| file.display().to_string())?;
    Ok(key)
}

/// The message of a start with data but without their key.
pub(crate) fn missing(file: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "the database holds data, and the key they are encrypted with is missing: put back {} or set {VARIABLE}",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_created_key_is_found_again_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        assert!(find(None, &file).unwrap().is_none());
        let mut rng = StdRng::seed_from_u64(1);
        let made = create(&file, &mut rng).unwrap();
        assert_eq!(find(None, &file).unwrap().unwrap().to_hex(), made.to_hex());
        assert!(create(&file, &mut rng).is_err());
        assert_eq!(find(None, &file).unwrap().unwrap().to_hex(), made.to_hex());
    }

    #[test]
    fn a_key_that_others_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        create(&file, &mut StdRng::seed_from_u64(1)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = find(None, &file).unwrap_err().to_string();
        assert!(
            error.contains("mode 640") && error.contains("chmod 600"),
            "{error}"
        );
    }

    #[test]
    fn a_sample_key_is_refused_by_its_variable() {
        let sample = "0123456789abcdef".repeat(4);
        let error = format!("{:#}", find(Some(&sample), Path::new("none")).unwrap_err());
        assert!(
            error.starts_with(VARIABLE) && error.contains("sample"),
            "{error}"
        );
    }
}
