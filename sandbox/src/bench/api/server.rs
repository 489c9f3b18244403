use std::{net::TcpListener, time::Duration};

use super::super::{ground::Ground, program::Program};

/// A `posthaste serve` of its own.
pub struct Server {
    program: Program,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Starts the server on the ground's database, and waits until it is ready.
    pub async fn start(ground: &Ground) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let clock = ground.files.path().join("clock").display().to_string();
        let program = Program::start(
            ground,
            "serve",
            &[
                ("POSTHASTE_LISTEN", &format!("127.0.0.1:{port}")),
                ("POSTHASTE_PUBLIC_URL", &url),
                ("POSTHASTE_CLOCK_FILE", &clock),
                // One key asks for all.
                ("POSTHASTE_LIMITS_BUCKET", "0"),
            ],
        )?;
        let http = reqwest::Client::builder().build()?;
        for _ in 0..100 {
            if http
                .get(format!("{url}/readyz"))
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(Self { program, url });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("the server does not become ready")
    }

    /// Ends it at once.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.program.stop().await
    }

    /// Its resident memory in megabytes.
    pub fn memory(&self) -> anyhow::Result<f64> {
        self.program.memory()
    }

    /// The processor time it has used, in seconds.
    pub fn processor(&self) -> anyhow::Result<f64> {
        self.program.processor()
    }
}
