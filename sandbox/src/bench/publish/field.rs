use std::io::Cursor;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::{
    Network,
    ids::MediaId,
    post::{Content, Fit, MediaRef, PostBody},
    target::State,
};
use posthaste_engine::{
    Actor,
    media::{self, NewUpload},
    post::{self, NewPost, NewTarget, When},
};
use posthaste_store::{connection::Connection, target};

use super::{super::ground::Ground, judge::Account};

/// A workspace with its accounts and a picture.
pub struct Field {
    actor: Actor,
    picture: MediaId,
    /// Its connections; the networks take turns.
    pub connections: Vec<Connection>,
}

/// Workspaces with `connections` accounts in all, spread evenly over them and the networks.
pub async fn open(
    ground: &Ground,
    networks: &[Network],
    workspaces: usize,
    connections: usize,
) -> anyhow::Result<Vec<Field>> {
    let each = (connections / workspaces / networks.len()).max(1);
    let mut fields = Vec::new();
    for _ in 0..workspaces {
        let actor = ground.workspace().await?;
        fields.push(Field {
            picture: picture(ground, &actor).await?,
            actor,
            connections: Vec::new(),
        });
    }
    for network in networks {
        let made = ground
            .control
            .add_accounts(*network, each * workspaces)
            .await?;
        for (field, accounts) in fields.iter_mut().zip(made.chunks(each)) {
            let actor = &field.actor;
            let rows = stream::iter(accounts)
                .map(|account| async move {
                    posthaste_engine::sandbox::connect(&ground.app, actor, *network, &account.id)
                        .await
                })
                .buffered(8)
                .try_collect::<Vec<_>>()
                .await?;
            field.connections.extend(rows);
        }
    }
    for field in &mut fields {
        let turns = field.connections.len() / networks.len();
        let rows = std::mem::take(&mut field.connections);
        let mut order: Vec<_> = rows.into_iter().enumerate().collect();
        order.sort_by_key(|(place, _)| (place % turns, place / turns));
        field.connections = order.into_iter().map(|(_, row)| row).collect();
    }
    Ok(fields)
}

impl Field {
    /// The accounts behind some of the connections.
    pub fn accounts(&self, first: usize, count: usize) -> Vec<Account> {
        let rows = self.connections[first..first + count].iter();
        rows.map(|row| (row.network, row.remote_id.clone()))
            .collect()
    }

    /// Schedules a post to some of the connections.
    pub async fn write(
        &self,
        ground: &Ground,
        text: &str,
        first: usize,
        count: usize,
        due: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let picture = MediaRef {
            id: self.picture,
            alt_text: None,
            crop: None,
            fit: Fit::Auto,
        };
        let content = Content {
            text: text.to_owned(),
            media: vec![picture],
            ..Content::default()
        };
        let targets = self.connections[first..first + count].iter();
        let new = NewPost {
            body: PostBody {
                content,
                ..PostBody::default()
            },
            targets: targets.map(|row| NewTarget::to(row.id)).collect(),
            schedule: Some(When::At(due)),
            ..NewPost::default()
        };
        post::create(&ground.app, &self.actor, new)
            .await
            .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        Ok(())
    }

    /// How many of its targets are live.
    pub async fn published(&self, ground: &Ground) -> anyhow::Result<usize> {
        let published = target::Filter {
            states: Some(vec![State::Published]),
            ..Default::default()
        };
        Ok(post::target_count(&ground.app, &self.actor, &published).await? as usize)
    }
}

async fn picture(ground: &Ground, actor: &Actor) -> anyhow::Result<MediaId> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(640, 640, |x, y| {
        image::Rgb([(x / 3) as u8, (y / 3) as u8, 90])
    });
    pixels.write_to(&mut bytes, image::ImageFormat::Jpeg)?;
    let bytes = bytes.into_inner();
    let new = NewUpload {
        id: None,
        file_name: "bench.jpg".into(),
        bytes: bytes.len() as u64,
        alt_text: None,
    };
    let row = media::begin(&ground.app, actor, new)
        .await
        .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    media::append(
        &ground.app,
        actor,
        row.id,
        0,
        stream::once(async { Ok(bytes.into()) }).boxed(),
    )
    .await?;
    Ok(row.id)
}
