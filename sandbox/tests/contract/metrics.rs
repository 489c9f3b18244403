//! How live posts do: figures that are given and grow, and what stands in the way.

use std::collections::BTreeSet;

use posthaste_core::{
    Network,
    connector::{Failure, FailureClass, Rendition},
    metric::{LivePost, Metric, Metrics, Reading},
    post::ContentKind,
};
use serde_json::json;

use crate::{
    cases::{self, Case},
    world::World,
};

on_every_network!(
    every_kind_of_post_is_read_and_grows,
    what_is_gone_is_told_as_gone,
    without_the_permission_nothing_is_told,
    a_limit_and_its_end_are_told,
    the_same_moment_has_the_same_figures,
);

const HOUR: i64 = 3600;

async fn every_kind_of_post_is_read_and_grows(network: Network) {
    let mut world = World::start(network).await;
    let rule = &world.connector.capabilities().metrics;
    let mut posts = Vec::new();
    for Case { rendition, .. } in cases::all(&world).await {
        if !rule.plan_of(rendition.kind).is_empty() {
            posts.push(live(&world, &rendition).await);
        }
    }
    assert!(
        told(&world, &posts)
            .await
            .iter()
            .all(|now| now.views < Some(10))
    );
    let mut before = vec![Metrics::default(); posts.len()];
    let mut given = BTreeSet::new();
    for hours in [5, 40, 600] {
        world.advance(hours * HOUR).await;
        // Some access ends after two hours.
        world.session = world.grant(None).await;
        let now = told(&world, &posts).await;
        for (now, before) in now.iter().zip(&before) {
            assert!(now.views > before.views, "{now:?}");
            for metric in Metric::ALL {
                assert!(now.get(*metric) >= before.get(*metric), "{metric:?}");
            }
            given.extend(now.told());
        }
        before = now;
    }
    assert_eq!(given, rule.gives.iter().copied().collect());
    for (post, figures) in posts.iter().zip(before) {
        let plays = figures.video_views.unwrap_or_default();
        assert!(post.has_video || plays == 0, "{post:?}");
    }
    world.assert_specified().await;
}

async fn what_is_gone_is_told_as_gone(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "Sold out").await;
    let post = live(&world, &rendition).await;
    let deleted = world
        .connector
        .delete(&world.ctx, &world.session, &post.remote_id)
        .await;
    assert_eq!(deleted, Ok(()));
    assert_eq!(read(&world, &[post]).await, Ok(vec![Reading::Gone]));
    world.assert_specified().await;
}

async fn without_the_permission_nothing_is_told(network: Network) {
    let mut world = World::start(network).await;
    let rendition = cases::simplest(&world, "Secret recipe").await;
    let post = live(&world, &rendition).await;
    let capabilities = world.connector.capabilities();
    for missing in capabilities.metrics.scopes {
        assert!(capabilities.scopes.contains(missing), "{missing}");
        let granted = capabilities.scopes.iter().filter(|scope| *scope != missing);
        world.session = world.grant(Some(granted.copied().collect())).await;
        let failure = read(&world, std::slice::from_ref(&post)).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Permission, "{missing}");
    }
}

async fn a_limit_and_its_end_are_told(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "Busy morning").await;
    let post = live(&world, &rendition).await;
    world.fault("metrics", "rate_limited").await;
    let failure = read(&world, std::slice::from_ref(&post)).await.unwrap_err();
    assert!(
        matches!(failure.class, FailureClass::RateLimited { .. }),
        "{failure:?}"
    );
    assert!(matches!(
        read(&world, &[post]).await.unwrap()[0],
        Reading::Told(_)
    ));
}

async fn the_same_moment_has_the_same_figures(network: Network) {
    let mut world = World::start(network).await;
    let rendition = cases::simplest(&world, "Every day at seven").await;
    let post = live(&world, &rendition).await;
    let at = post.published_at + chrono::TimeDelta::hours(30);
    let mut views = Vec::new();
    for _ in 0..2 {
        let body = json!({ "now": at });
        world
            .control(reqwest::Method::POST, "/control/clock", Some(body))
            .await;
        world.session = world.grant(None).await;
        views.extend(told(&world, std::slice::from_ref(&post)).await[0].views);
    }
    // The clock goes on: one more may have come meanwhile.
    assert!(
        views[0] > 100 && (views[0] - views[1]).abs() <= 1,
        "{views:?}"
    );
}

/// Publishes a post and returns what its figures are asked by.
async fn live(world: &World, rendition: &Rendition) -> LivePost {
    let published_at = world.ctx.clock.now();
    LivePost {
        remote_id: world.publish_well(rendition).await,
        kind: rendition.kind,
        has_video: rendition
            .media
            .iter()
            .any(|media| media.facts.format.is_video()),
        published_at,
    }
}

/// Reads posts as the engine does, batch by batch.
async fn read(world: &World, posts: &[LivePost]) -> Result<Vec<Reading>, Failure> {
    let mut readings = Vec::new();
    for batch in posts.chunks(world.connector.capabilities().metrics.batch) {
        let told = world
            .connector
            .metrics(&world.ctx, &world.session, batch)
            .await?;
        assert_eq!(told.len(), batch.len());
        readings.extend(told);
    }
    Ok(readings)
}

/// As [`read`], for posts that are live. A story that few have seen has no figures yet.
async fn told(world: &World, posts: &[LivePost]) -> Vec<Metrics> {
    let readings = read(world, posts).await.unwrap();
    let figures = readings.into_iter().zip(posts).map(|(reading, post)| {
        let Reading::Told(metrics) = reading else {
            panic!("{post:?}: {reading:?}")
        };
        let has_views = metrics.views.is_some();
        assert!(has_views || post.kind == ContentKind::Story, "{post:?}");
        metrics
    });
    figures.collect()
}
