//! How a live post does: one vocabulary for all networks, and when it is read.
//!
//! | metric | Facebook | Instagram | Pinterest | X |
//! |---|---|---|---|---|
//! | views | `post_media_view` | `views` | `IMPRESSION` | `impression_count` |
//! | reach | `post_total_media_view_unique` | `reach` | | |
//! | likes | `post_reactions_by_type_total` | `likes` | `TOTAL_REACTIONS` | `like_count` |
//! | comments | `post_activity_by_action_type`: comment | `comments`, `replies` to stories | `TOTAL_COMMENTS` | `reply_count` |
//! | shares | `post_activity_by_action_type`: share | `shares` | | `repost_count` + `quote_count` |
//! | saves | | `saved` | `SAVE` | `bookmark_count` |
//! | clicks | `post_clicks` | | `OUTBOUND_CLICK` | |
//! | video views | `post_video_views` | | `VIDEO_MRC_VIEW` | |
//!
//! Sources: networks.md 1.8, 2.7, 3.6, 4.6. A connector holds its column as data.

use chrono::{DateTime, TimeDelta, Utc};

use crate::post::ContentKind;

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $variant:ident $field:ident;)*) => {
        /// A figure that tells how a post does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
        }

        /// What a network told about one post. A figure it did not tell is empty, never 0.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Metrics {
            $($(#[doc = $doc])* pub $field: Option<i64>,)*
        }

        impl Metrics {
            /// A figure, if it was told.
            pub fn get(&self, metric: Metric) -> Option<i64> {
                match metric { $(Metric::$variant => self.$field,)* }
            }

            /// Adds to a figure: several of a network's own may be one of ours.
            pub fn add(&mut self, metric: Metric, count: i64) {
                let figure = match metric { $(Metric::$variant => &mut self.$field,)* };
                *figure = Some(figure.unwrap_or(0).saturating_add(count));
            }
        }
    };
}

metrics! {
    /// How often it was shown.
    Views views;
    /// How many accounts saw it.
    Reach reach;
    /// Likes and other reactions.
    Likes likes;
    /// Comments and replies.
    Comments comments;
    /// How often it was passed on: shares, reposts and quotes.
    Shares shares;
    /// How often it was saved: bookmarks, saves to a board.
    Saves saves;
    /// Clicks: of any kind on Facebook, on the link on Pinterest.
    Clicks clicks;
    /// How often its video was played, where that is counted apart from views.
    VideoViews video_views;
}

impl Metrics {
    /// The metrics that were told.
    pub fn told(&self) -> Vec<Metric> {
        let all = Metric::ALL.iter().copied();
        all.filter(|metric| self.get(*metric).is_some()).collect()
    }
}

/// A live post whose figures are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePost {
    /// The network's id of it.
    pub remote_id: String,
    /// Where it appears.
    pub kind: ContentKind,
    /// It shows a video.
    pub has_video: bool,
    /// When it went live.
    pub published_at: DateTime<Utc>,
}

/// What a network says of one post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its figures.
    Told(Metrics),
    /// It is there no longer.
    Gone,
    /// It can never be asked for.
    Unreadable {
        /// Why, for a person.
        reason: &'static str,
    },
}

/// What a network tells about live posts, and how it wants to be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricRule {
    /// The figures it gives, for some kind of post at least.
    pub gives: &'static [Metric],
    /// Permissions it takes to read them.
    pub scopes: &'static [&'static str],
    /// Posts of one account that are asked for at once.
    pub batch: usize,
    /// When a post is read: how long after it went live, growing.
    pub plan: &'static [TimeDelta],
    /// The same for stories; empty where theirs are not told.
    pub story_plan: &'static [TimeDelta],
}

/// The usual plan: often while a post is new, for the last time after four weeks.
pub const USUAL_PLAN: &[TimeDelta] = &[
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(6),
    TimeDelta::days(1),
    TimeDelta::days(2),
    TimeDelta::days(3),
    TimeDelta::days(7),
    TimeDelta::days(14),
    TimeDelta::days(28),
];

impl MetricRule {
    /// When posts of a kind are read.
    pub fn plan_of(&self, kind: ContentKind) -> &'static [TimeDelta] {
        match kind {
            ContentKind::Story => self.story_plan,
            _ => self.plan,
        }
    }

    /// The first planned reading after `now`, if one is left; those that were missed are left out.
    pub fn next(&self, post: &LivePost, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let planned = self.plan_of(post.kind).iter();
        planned
            .map(|age| post.published_at + *age)
            .find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: MetricRule = MetricRule {
        gives: &[],
        scopes: &[],
        batch: 1,
        plan: USUAL_PLAN,
        story_plan: &[TimeDelta::hours(1)],
    };

    fn post(kind: ContentKind) -> LivePost {
        LivePost {
            remote_id: "1".into(),
            kind,
            has_video: false,
            published_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_was_not_told_is_empty_and_what_was_told_twice_is_added() {
        let mut metrics = Metrics::default();
        assert_eq!(
            (metrics.get(Metric::Shares), metrics.told()),
            (None, vec![])
        );
        metrics.add(Metric::Shares, 0);
        assert_eq!(metrics.shares, Some(0));
        metrics.add(Metric::Shares, 3);
        metrics.add(Metric::Views, 9);
        assert_eq!(metrics.told(), [Metric::Views, Metric::Shares]);
        assert_eq!(metrics.get(Metric::Shares), Some(3));
    }

    #[test]
    fn a_post_is_read_by_plan_until_four_weeks_are_over() {
        let feed = post(ContentKind::Feed);
        let next = |age: TimeDelta| {
            let next = RULE.next(&feed, DateTime::UNIX_EPOCH + age)?;
            Some(next - DateTime::UNIX_EPOCH)
        };
        assert_eq!(next(TimeDelta::zero()), Some(TimeDelta::minutes(15)));
        // The reading itself takes a moment.
        assert_eq!(next(TimeDelta::minutes(16)), Some(TimeDelta::hours(1)));
        // Two readings were missed.
        assert_eq!(next(TimeDelta::hours(30)), Some(TimeDelta::days(2)));
        assert_eq!(next(TimeDelta::days(27)), Some(TimeDelta::days(28)));
        assert_eq!(next(TimeDelta::days(28)), None);
    }

    #[test]
    fn stories_have_a_plan_of_their_own() {
        let story = post(ContentKind::Story);
        let hour = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        assert_eq!(RULE.next(&story, DateTime::UNIX_EPOCH), Some(hour));
        assert_eq!(RULE.next(&story, hour), None);
    }
}
