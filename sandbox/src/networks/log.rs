//! The log of accepted posts: what a person would see on the networks, and the judge of tests.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::{accounts::AccountRef, kinds::Network, media::Media, text::first_url};

/// An accepted post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// Network.
    pub network: Network,
    /// Account it was posted to.
    pub account: AccountRef,
    /// The network's id.
    pub id: String,
    /// Permalink.
    pub url: String,
    /// Simulated time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// What it is on the network, for example `reel`.
    pub kind: String,
    /// Message, caption, description or text.
    pub text: Option<String>,
    /// Title, where the network has one.
    pub title: Option<String>,
    /// Explicit link, else the first URL in the text.
    pub link: Option<String>,
    /// Pinterest board id.
    pub board: Option<String>,
    /// Pictures and videos.
    pub media: Vec<PostMedia>,
    /// When it was removed.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Real time from which the network's lists show it.
    #[serde(skip)]
    pub listed_from_ms: i64,
}

/// A picture or video of a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostMedia {
    /// `image` or `video`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The media itself.
    #[serde(flatten)]
    pub media: Media,
    /// Text for people who cannot see it.
    pub alt_text: Option<String>,
    /// Where the simulator serves its copy.
    pub url: String,
}

/// A post about to be accepted.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// Network.
    pub network: Network,
    /// Account.
    pub account: AccountRef,
    /// The network's id.
    pub id: String,
    /// Permalink.
    pub url: String,
    /// What it is on the network.
    pub kind: &'static str,
    /// Text.
    pub text: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Explicit link.
    pub link: Option<String>,
    /// Board id.
    pub board: Option<String>,
    /// Pictures and videos.
    pub media: Vec<PostMedia>,
    /// Real milliseconds until lists show it.
    pub lag_ms: u64,
}

/// Every accepted post, oldest first.
#[derive(Default, Deserialize)]
#[serde(from = "Vec<Post>")]
pub struct Log {
    posts: Vec<Post>,
    by_id: HashMap<(Network, String), usize>,
    by_account: HashMap<(Network, String), Vec<usize>>,
    totals: BTreeMap<Network, u64>,
    file: Option<File>,
}

impl Serialize for Log {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.posts.serialize(serializer)
    }
}

impl From<Vec<Post>> for Log {
    fn from(posts: Vec<Post>) -> Self {
        let mut log = Self::default();
        for post in posts {
            log.index(&post);
            log.posts.push(post);
        }
        log
    }
}

impl Log {
    /// The posts, as snapshots keep them.
    pub fn posts(&self) -> &[Post] {
        &self.posts
    }

    /// Also appends every accepted post to `path` from now on.
    pub fn write_to(&mut self, path: &Path) -> io::Result<()> {
        self.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        Ok(())
    }

    /// Keeps the file of `other`: a restored log goes on writing where the old one did.
    pub fn take_file(&mut self, other: &mut Self) {
        self.file = other.file.take();
    }

    /// Accepts a post; it is in the file before this returns.
    pub fn accept(&mut self, new: NewPost, now: DateTime<Utc>, real_ms: i64) -> u64 {
        let link = new.link.or_else(|| new.text.as_deref().and_then(first_url));
        let post = Post {
            seq: self.posts.len() as u64 + 1,
            network: new.network,
            account: new.account,
            id: new.id,
            url: new.url,
            accepted_at: now,
            kind: new.kind.into(),
            text: new.text,
            title: new.title,
            link,
            board: new.board,
            media: new.media,
            deleted_at: None,
            listed_from_ms: real_ms.saturating_add(new.lag_ms as i64),
        };
        self.append_to_file(&post);
        self.index(&post);
        let seq = post.seq;
        self.posts.push(post);
        seq
    }

    /// A post by the network's id, removed or not.
    pub fn get(&self, network: Network, id: &str) -> Option<&Post> {
        let at = *self.by_id.get(&(network, id.to_owned()))?;
        self.posts.get(at)
    }

    /// A post by the network's id, to change it.
    pub fn get_mut(&mut self, network: Network, id: &str) -> Option<&mut Post> {
        let at = *self.by_id.get(&(network, id.to_owned()))?;
        self.posts.get_mut(at)
    }

    /// Marks a post as removed; false when unknown or removed before.
    pub fn delete(&mut self, network: Network, id: &str, now: DateTime<Utc>) -> bool {
        match self.get_mut(network, id) {
            Some(post) if post.deleted_at.is_none() => {
                post.deleted_at = Some(now);
                true
            }
            _ => false,
        }
    }

    /// The posts of an account that its lists show, newest first.
    pub fn listed<'a>(
        &'a self,
        network: Network,
        account: &str,
        real_ms: i64,
    ) -> impl DoubleEndedIterator<Item = &'a Post> + use<'a> {
        self.by_account
            .get(&(network, account.to_owned()))
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .rev()
            .filter_map(|at| self.posts.get(*at))
            .filter(move |post| post.deleted_at.is_none() && post.listed_from_ms <= real_ms)
    }

    /// The newest post of an account, listed or not.
    pub fn newest(&self, network: Network, account: &str) -> Option<&Post> {
        let at = *self
            .by_account
            .get(&(network, account.to_owned()))?
            .last()?;
        self.posts.get(at)
    }

    /// How many posts each network accepted.
    pub fn totals(&self) -> &BTreeMap<Network, u64> {
        &self.totals
    }

    fn index(&mut self, post: &Post) {
        let at = self.posts.len();
        *self.totals.entry(post.network).or_default() += 1;
        self.by_id.insert((post.network, post.id.clone()), at);
        self.by_account
            .entry((post.network, post.account.id.clone()))
            .or_default()
            .push(at);
    }

    fn append_to_file(&mut self, post: &Post) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_vec(post)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                file.write_all(&line)?;
                file.flush()
            });
        if let Err(error) = written {
            tracing::error!(%error, seq = post.seq, "an accepted post is missing in the log file");
        }
    }
}
