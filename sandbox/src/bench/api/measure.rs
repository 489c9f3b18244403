use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{super::spread::quantile, Args};

/// What one kind of work took.
pub struct Measured {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// Does the same work on all clients for as long as the options say.
pub async fn measure<S, F, W>(args: &Args, subject: &Arc<S>, work: W) -> anyhow::Result<Measured>
where
    S: Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
    W: Fn(Arc<S>, usize) -> F + Copy + Send + 'static,
{
    // A first call pays for connections and caches.
    for client in 0..args.clients {
        work(subject.clone(), client).await?;
    }
    let began = Instant::now();
    let end = began + Duration::from_secs(args.seconds);
    let running: Vec<_> = (0..args.clients)
        .map(|client| {
            let subject = subject.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let start = Instant::now();
                    work(subject.clone(), client).await?;
                    times.push(start.elapsed().as_secs_f64() * 1000.0);
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await??);
    }
    times.sort_by(f64::total_cmp);
    Ok(Measured {
        per_second: times.len() as f64 / began.elapsed().as_secs_f64(),
        p50: quantile(&times, 0.5),
        p99: quantile(&times, 0.99),
    })
}

/// Prints what the API did beside what plain SQL did.
pub fn row(name: &str, api: &Measured, raw: &Measured) {
    println!(
        "{name}: API {:.0}/s (p50 {:.1} ms, p99 {:.1} ms); raw SQL {:.0}/s (p50 {:.1} ms, p99 {:.1} ms); ratio {:.2}",
        api.per_second,
        api.p50,
        api.p99,
        raw.per_second,
        raw.p50,
        raw.p99,
        api.per_second / raw.per_second
    );
}
