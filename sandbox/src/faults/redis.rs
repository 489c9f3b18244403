use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{program::Program, proxy::Proxy};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// The channel of hints between processes.
const CHANNEL: &str = "posthaste:hints";

/// A private Redis that keeps nothing, behind a proxy.
pub struct Redis {
    /// The server; it comes back empty whenever it ends.
    pub program: Program,
    /// Between Posthaste and the server.
    pub proxy: Proxy,
    address: SocketAddr,
    near: SocketAddr,
}

impl Redis {
    /// Starts `server`, a path or a name in `PATH`, and waits until it answers.
    pub async fn start(home: &Path, server: &Path) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port().to_string();
        let arguments = [
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let program = Program::start(home, "redis", server, &arguments, [].into())?;
        let (proxy, near) = Proxy::tcp(vec![address], 1).await?;
        let redis = Self {
            program,
            proxy,
            address,
            near,
        };
        redis.there().await?;
        Ok(redis)
    }

    /// Its address for Posthaste.
    pub fn url(&self) -> String {
        format!("redis://{}", self.near)
    }

    /// Waits until it answers.
    pub async fn there(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while self.ask("PING").await.is_err() {
            if Instant::now() > end {
                bail!(
                    "redis-server does not answer: install it (Debian: `apt-get install redis-server`), or set \
                     POSTHASTE_REDIS_SERVER to its program"
                );
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How many processes listen for hints.
    pub async fn listeners(&self) -> anyhow::Result<u64> {
        let answer = self.ask(&format!("PUBSUB NUMSUB {CHANNEL}")).await?;
        number_after(&answer, "\r\n:").context("no number of listeners")
    }

    /// How many scripts ran well since it was started: what keeps the callers' limits.
    pub async fn scripts(&self) -> anyhow::Result<u64> {
        let answer = self.ask("INFO commandstats").await?;
        let of = |line: &str| {
            let failed = number_after(line, "failed_calls=").unwrap_or_default();
            number_after(line, "calls=").unwrap_or_default() - failed
        };
        let lines = answer
            .lines()
            .filter(|line| line.starts_with("cmdstat_eval"));
        Ok(lines.map(of).sum())
    }

    /// The answer to a command, beside Posthaste and the proxy.
    pub async fn ask(&self, command: &str) -> anyhow::Result<String> {
        let asked = async {
            let mut line = TcpStream::connect(self.address).await?;
            let text = format!("{command}\r\nQUIT\r\n");
            line.write_all(text.as_bytes()).await?;
            let mut answer = String::new();
            line.read_to_string(&mut answer).await?;
            anyhow::Ok(answer)
        };
        let answer = timeout(ANSWER, asked).await.context("Redis is silent")??;
        if answer.starts_with('-') {
            bail!("Redis answers {command} with {answer}");
        }
        Ok(answer)
    }
}

/// The number behind the first place where `sign` stands.
fn number_after(text: &str, sign: &str) -> Option<u64> {
    let (_, rest) = text.split_once(sign)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_out_of_answers() {
        let heard = "*2\r\n$15\r\nposthaste:hints\r\n:4\r\n+OK\r\n";
        assert_eq!(number_after(heard, "\r\n:"), Some(4));
        let line = "cmdstat_evalsha:calls=12,usec=3,rejected_calls=0,failed_calls=2";
        assert_eq!(number_after(line, "calls="), Some(12));
        assert_eq!(number_after(line, "failed_calls="), Some(2));
        assert_eq!(number_after("none", "calls="), None);
    }
}
