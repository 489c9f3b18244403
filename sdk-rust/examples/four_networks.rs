//! One picture, one post, four networks, four results: the example of the README, word for word.
#![expect(clippy::wildcard_imports, reason = "as short as people write it")]

use posthaste_sdk::{Client, Result, TryStreamExt, types::*};

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::sandbox()?;
    let picture = client.media().upload_file("harbor.jpg").await?;
    let accounts = ConnectionListOptions::new().first(4);
    let accounts = client.connections().list(accounts).await?.nodes;
    let post = PostCreateInput::new()
        .text(format!("Warm bread at the harbor. {}", picture.id))
        .media([&picture.id])
        .targets(accounts.iter().map(|account| &account.id))
        .schedule(ScheduleInput::new().now(true));
    let post = client.posts().create(post).await?.post;
    let progress = TargetFollowOptions::new().post_id(&post.id);
    let mut progress = client.targets().follow(progress);
    while let Some(TargetProgress { target, .. }) = progress.try_next().await? {
        let permalink = target.permalink.unwrap_or_default();
        println!("{} {} {permalink}", target.network, target.state);
    }
    Ok(())
}
