use std::{net::TcpListener, process::Stdio, time::Duration};

use anyhow::Context;
use tokio::process::{Child, Command};

use super::super::ground::{Ground, SECRET};

/// A `posthaste serve` of its own.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Starts the server on the ground's database, and waits until it is ready.
    pub async fn start(ground: &Ground) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("posthaste");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let secret = ground.files.path().join("secret");
        std::fs::write(&secret, SECRET)?;
        let process = Command::new(&program)
            .arg("serve")
            .envs([
                ("DATABASE_URL", ground.database_url.clone()),
                ("POSTHASTE_LISTEN", format!("127.0.0.1:{port}")),
                ("POSTHASTE_PUBLIC_URL", url.clone()),
                ("POSTHASTE_NETWORKS_BASE_URL", ground.networks_url.clone()),
                (
                    "POSTHASTE_DATA_DIR",
                    ground.files.path().join("data").display().to_string(),
                ),
                ("POSTHASTE_SECRET_FILE", secret.display().to_string()),
                ("POSTHASTE_SANDBOX", "1".to_owned()),
                (
                    "POSTHASTE_CLOCK_FILE",
                    ground.files.path().join("clock").display().to_string(),
                ),
                ("POSTHASTE_LOG", "error".to_owned()),
                // One key asks for all.
                ("POSTHASTE_LIMITS_BUCKET", "0".to_owned()),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start {}; build posthaste-api first",
                    program.display()
                )
            })?;
        let http = reqwest::Client::builder().build()?;
        for _ in 0..100 {
            if http
                .get(format!("{url}/readyz"))
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(Self { process, url });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("the server does not become ready")
    }

    /// Ends it at once.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Its resident memory in megabytes.
    pub fn memory(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kilobytes = line.split_whitespace().nth(1).context("no figure")?;
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }

    /// The processor time it has used, in seconds (proc(5): user and system, in ticks of 1/100 s).
    pub fn processor(&self) -> anyhow::Result<f64> {
        let stat = self.proc("stat")?;
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / 100.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let pid = self.process.id().context("the server ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }
}
