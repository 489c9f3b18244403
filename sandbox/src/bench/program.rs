use std::process::Stdio;

use anyhow::Context;
use tokio::process::{Child, Command};

use super::ground::{Ground, SECRET};

/// A `posthaste` of its own on the ground's database and networks.
pub struct Program(Child);

impl Program {
    /// Starts a command; `more` goes into its environment.
    pub fn start(ground: &Ground, command: &str, more: &[(&str, &str)]) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("posthaste");
        let secret = ground.files.path().join("secret");
        std::fs::write(&secret, SECRET)?;
        let child = Command::new(&program)
            .arg(command)
            .envs([
                ("DATABASE_URL", ground.database_url.clone()),
                ("POSTHASTE_PUBLIC_URL", ground.public_url.clone()),
                ("POSTHASTE_NETWORKS_BASE_URL", ground.networks_url.clone()),
                (
                    "POSTHASTE_DATA_DIR",
                    ground.files.path().join("data").display().to_string(),
                ),
                ("POSTHASTE_SECRET_FILE", secret.display().to_string()),
                ("POSTHASTE_SANDBOX", "1".to_owned()),
                ("POSTHASTE_LOG", "error".to_owned()),
            ])
            .envs(more.iter().copied())
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
        Ok(Self(child))
    }

    /// Ends it at once.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.0.kill().await?)
    }

    /// Its resident memory in megabytes.
    pub fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kilobytes = line.split_whitespace().nth(1).context("no figure")?;
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }

    /// The processor time it has used, in seconds.
    pub fn processor(&self) -> anyhow::Result<f64> {
        Ok(Times::of(self.pid()?)?.own)
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.0.id().context("the program ended")
    }
}

/// Processor time in seconds (proc(5): user and system, in ticks of 1/100 s).
struct Times {
    parent: u32,
    own: f64,
    /// Of children that ended.
    children: f64,
}

impl Times {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |first: usize| -> anyhow::Result<f64> {
            let pair = fields.get(first..first + 2).context("stat is short")?;
            let ticks: Vec<f64> = pair
                .iter()
                .map(|field| field.parse())
                .collect::<Result<_, _>>()?;
            Ok(ticks.iter().sum::<f64>() / 100.0)
        };
        Ok(Self {
            parent: fields.get(1).context("stat is short")?.parse()?,
            own: ticks(11)?,
            children: ticks(13)?,
        })
    }
}

/// The processor time of a process and its children, in seconds.
pub fn family(pid: u32) -> anyhow::Result<f64> {
    let first = Times::of(pid)?;
    let mut sum = first.own + first.children;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One may end while we look.
        if let Ok(times) = Times::of(child)
            && times.parent == pid
        {
            sum += times.own;
        }
    }
    Ok(sum)
}
