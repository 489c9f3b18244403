//! The body of `POST /2/tweets`.

use serde::Deserialize;
use serde_json::Value;

use super::{body, problem::Problem};

const REPLY_SETTINGS: [&str; 4] = ["following", "mentionedUsers", "subscribers", "verified"];

/// The body; fields with an underscore are taken and have no effect here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Text.
    #[serde(default)]
    pub text: String,
    /// Who may reply; everyone when absent.
    pub reply_settings: Option<String>,
    media: Option<Attached>,
    reply: Option<Reply>,
    poll: Option<Poll>,
    quote_tweet_id: Option<String>,
    community_id: Option<String>,
    card_uri: Option<String>,
    direct_message_deep_link: Option<String>,
    edit_options: Option<Value>,
    geo: Option<Value>,
    #[serde(default)]
    for_super_followers_only: bool,
    #[serde(default)]
    nullcast: bool,
    #[serde(rename = "made_with_ai")]
    _made_with_ai: Option<bool>,
    #[serde(rename = "paid_partnership")]
    _paid_partnership: Option<bool>,
    #[serde(rename = "share_with_followers")]
    _share_with_followers: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    media_ids: Vec<String>,
    #[serde(default)]
    tagged_user_ids: Vec<String>,
    #[serde(rename = "embeddable")]
    _embeddable: Option<bool>,
    #[serde(rename = "title")]
    _title: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    in_reply_to_tweet_id: String,
    #[serde(rename = "exclude_reply_user_ids")]
    _exclude_reply_user_ids: Option<Vec<String>>,
    #[serde(rename = "auto_populate_reply_metadata")]
    _auto_populate_reply_metadata: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Poll {
    options: Vec<String>,
    duration_minutes: u32,
    #[serde(rename = "reply_settings")]
    _who: Option<String>,
}

impl Wish {
    /// Uploads to show.
    pub fn media_ids(&self) -> &[String] {
        self.media.as_ref().map_or(&[], |media| &media.media_ids)
    }

    /// The post to answer.
    pub fn reply_to(&self) -> Option<&str> {
        let reply = self.reply.as_ref()?;
        Some(&reply.in_reply_to_tweet_id)
    }

    /// Asks for what a self-serve application or an account without Premium does not get.
    pub fn is_beyond_plan(&self) -> bool {
        let ids = [
            &self.quote_tweet_id,
            &self.community_id,
            &self.card_uri,
            &self.direct_message_deep_link,
        ];
        ids.into_iter().any(Option::is_some)
            || self.edit_options.is_some()
            || self.geo.is_some()
            || self.for_super_followers_only
            || self.nullcast
    }

    /// What the body alone tells.
    pub fn check(&self) -> Result<(), Problem> {
        self.check_ids()?;
        if self.text.is_empty() && self.media.is_none() && self.poll.is_none() {
            let text = "$.text: must not be empty without media or poll";
            return Err(Problem::invalid("text", "", text));
        }
        let unknown = self
            .reply_settings
            .as_deref()
            .filter(|who| !REPLY_SETTINGS.contains(who));
        if let Some(who) = unknown {
            let text = format!("$.reply_settings: is not one of {REPLY_SETTINGS:?}");
            return Err(Problem::invalid("reply_settings", who, text));
        }
        self.check_media()?;
        self.check_poll()
    }

    fn check_ids(&self) -> Result<(), Problem> {
        let tagged = self.media.iter().flat_map(|media| &media.tagged_user_ids);
        let others = self.quote_tweet_id.iter().chain(&self.community_id);
        let all = self
            .media_ids()
            .iter()
            .chain(tagged)
            .chain(others)
            .map(String::as_str);
        all.chain(self.reply_to())
            .try_for_each(|id| body::check_id("id", id))
    }

    fn check_media(&self) -> Result<(), Problem> {
        let Some(media) = &self.media else {
            return Ok(());
        };
        let count = media.media_ids.len();
        if (1..=4).contains(&count) && media.tagged_user_ids.len() <= 10 {
            return Ok(());
        }
        let text = "$.media: 1 to 4 media_ids and at most 10 tagged_user_ids";
        Err(Problem::invalid(
            "media.media_ids",
            &count.to_string(),
            text,
        ))
    }

    fn check_poll(&self) -> Result<(), Problem> {
        let Some(poll) = &self.poll else {
            return Ok(());
        };
        let fits = |option: &String| (1..=25).contains(&option.chars().count());
        if (2..=4).contains(&poll.options.len())
            && poll.options.iter().all(fits)
            && (5..=10_080).contains(&poll.duration_minutes)
            && self.media.is_none()
        {
            return Ok(());
        }
        let text = "$.poll: 2 to 4 options of 1 to 25 characters, 5 to 10080 minutes, no media";
        Err(Problem::invalid("poll", "", text))
    }
}
