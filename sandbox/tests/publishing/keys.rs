//! Keys are rotated while posts go out.

use std::{fs::OpenOptions, io::Write};

use chrono::TimeDelta;
use posthaste_core::target::State;
use posthaste_engine::{
    adapters::KeyRing,
    vault::{self, Vault, Version},
};

use crate::world::World;

/// What `posthaste keys new` and `posthaste keys rotate --data` do, but for the waiting.
async fn rotate(world: &World, operator: &Vault) {
    let mut file = OpenOptions::new().append(true).open(&world.keys).unwrap();
    writeln!(file, "\n{}", KeyRing::new_line().expose()).unwrap();
    let rewrapped = vault::rotate_master(operator).await.unwrap();
    assert_eq!((rewrapped.done > 0, rewrapped.failed), (true, 0));
    assert_eq!(vault::begin_rotation(operator).await.unwrap(), 1);
    let resealed = vault::reseal(operator).await.unwrap();
    assert_eq!((resealed.done > 0, resealed.failed), (true, 0));
}

async fn data_keys(operator: &Vault) -> Vec<Version> {
    let mut survey = vault::survey(operator).await.unwrap();
    let mut keys = Vec::new();
    while let Some(page) = survey.next().await.unwrap() {
        keys.extend(page);
    }
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn master_and_data_keys_rotate_while_publishing_and_no_publish_fails() {
    const ROUNDS: i32 = 3;
    let world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    world.work();
    let mut posts = Vec::new();
    for round in 0..ROUNDS {
        for n in 0..2 {
            let text = format!("Loaf {round}-{n}.");
            posts.push((world.post(&text, &[picture], &connections).await, text));
        }
        // A process that has never sealed or opened anything, as the command is.
        rotate(&world, &world.other_vault()).await;
    }
    for (post, text) in posts {
        let targets = world.until(post, State::Published).await;
        assert!(targets.iter().all(|target| target.attempt == 1));
        assert_eq!(world.walls(&text).await.len(), connections.len());
    }
    let operator = world.other_vault();
    let masters = vault::survey(&operator).await.unwrap().masters;
    assert_eq!(masters.len(), 1, "nothing is left under older master keys");
    for key in data_keys(&operator).await {
        let is_newest = key.version == ROUNDS + 1;
        assert_eq!((key.is_current, key.values > 0), (is_newest, is_newest));
    }

    world
        .clock
        .advance(TimeDelta::days(7) + TimeDelta::minutes(1));
    let swept = vault::reseal(&operator).await.unwrap();
    assert_eq!((swept.done, swept.removed), (0, ROUNDS as usize));
    let post = world.post("The last one.", &[], &connections[..1]).await;
    world.until(post, State::Published).await;
}
