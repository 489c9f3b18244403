use super::super::{
    ground::Ground,
    program::{Program, family},
};

/// What was used so far: processor seconds, and commits of the database.
pub struct Used {
    workers: f64,
    postgres: f64,
    /// The simulated networks and the bench itself.
    networks: f64,
    commits: i64,
}

impl Used {
    pub async fn now(ground: &Ground, workers: &[Program]) -> anyhow::Result<Self> {
        let mut sum = 0.0;
        for worker in workers {
            sum += worker.processor()?;
        }
        let commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
        let commits = ground.sql().await?.query_one(commits, &[]).await?.get(0);
        Ok(Self {
            workers: sum,
            postgres: ground.postgres().map_or(Ok(0.0), family)?,
            networks: family(std::process::id())? - sum,
            commits,
        })
    }

    pub fn since(&self, before: &Self) -> Self {
        Self {
            workers: self.workers - before.workers,
            postgres: self.postgres - before.postgres,
            networks: self.networks - before.networks,
            commits: self.commits - before.commits,
        }
    }

    /// In words, for each of `targets`.
    pub fn each(&self, targets: usize) -> String {
        let each = |seconds: f64| seconds * 1000.0 / targets as f64;
        format!(
            "processor per target: workers {:.2} ms, PostgreSQL {:.2} ms, networks and bench {:.2} ms; {:.1} commits per target",
            each(self.workers),
            each(self.postgres),
            each(self.networks),
            self.commits as f64 / targets as f64
        )
    }
}
