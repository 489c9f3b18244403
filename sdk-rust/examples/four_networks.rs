//! One picture, one post, four networks, four results: the example of the README, word for word.

use posthaste_sdk::{
    Client, Result, TryStreamExt,
    types::{
        ConnectionFilter, ConnectionListOptions, Network, PostCreateInput, PostTargetInput,
        ScheduleInput, TargetFollowOptions,
    },
};

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::sandbox()?;
    let picture = client
        .media()
        .upload_file("harbor.jpg")
        .alt_text("Boats at sunrise")
        .await?;

    let mut targets = Vec::new();
    for network in Network::ALL {
        let first = ConnectionListOptions::new().first(1);
        let filter = ConnectionFilter::new().networks([network.clone()]);
        let accounts = client.connections().list(first.filter(filter)).await?;
        targets.extend(
            accounts
                .nodes
                .iter()
                .map(|account| PostTargetInput::new(&account.id)),
        );
    }

    let post = PostCreateInput::new()
        .text(format!(
            "Warm bread at the harbor from seven. Batch {}",
            std::process::id()
        ))
        .media([&picture.id])
        .targets(targets)
        .schedule(ScheduleInput::new().now(true));
    let post = client.posts().create(post).await?.post;

    let mut progress = client
        .targets()
        .follow(TargetFollowOptions::new().post_id(&post.id));
    while let Some(step) = progress.try_next().await? {
        let target = step.target;
        println!(
            "{} {} {}",
            target.network,
            target.state,
            target.permalink.unwrap_or_default()
        );
    }
    Ok(())
}
