//! The messages that the demo's SMS provider kept, read by `yimen inbox`.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::server::Server;

/// What leaves the house goes through a queue, so a message may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    pub to: String,
    pub body: String,
}

/// The messages to a number, oldest first.
pub async fn messages(server: &Server, to: &str) -> Result<Vec<Message>> {
    let printed = server.run(&["inbox", "--to", to, "--json"]).await?;
    Ok(serde_json::from_str(&printed)?)
}

/// The one-time code of the newest message, once there are more than `before`.
pub async fn code_after(server: &Server, to: &str, before: usize) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let messages = messages(server, to).await?;
        if let Some(message) = messages.get(before..).and_then(<[_]>::last) {
            return code_in(&message.body);
        }
        if Instant::now() > deadline {
            bail!(
                "no message to {to} after {PATIENCE:?}, {} before",
                messages.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The only run of six digits.
fn code_in(body: &str) -> Result<String> {
    let runs = body.split(|c: char| !c.is_ascii_digit());
    let codes: Vec<&str> = runs.filter(|run| run.len() == 6).collect();
    match codes[..] {
        [code] => Ok(code.to_owned()),
        _ => bail!("no single code of six digits in «{body}»"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_run_of_six_digits() {
        assert_eq!(
            code_in("【一门】验证码 042137，5 分钟内有效。").unwrap(),
            "042137"
        );
        assert!(code_in("123456 654321").is_err());
        assert!(code_in("no code for 13800000001").is_err());
    }
}
