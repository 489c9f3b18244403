//! Query parameters of reads: both generations of names (`tweet.fields` and `post.fields`).

use std::collections::BTreeSet;

use super::super::call::Call;
use super::problem::Problem;

/// Fields of a post, of both generations.
const POST: [&str; 36] = [
    "article",
    "article_title",
    "attachments",
    "author_id",
    "card_uri",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_controls",
    "edit_history_tweet_ids",
    "entities",
    "geo",
    "id",
    "in_reply_to_user_id",
    "lang",
    "matched_media_notes",
    "media_metadata",
    "non_public_metrics",
    "note_post",
    "note_request_suggestions",
    "note_tweet",
    "organic_metrics",
    "paid_partnership",
    "possibly_sensitive",
    "promoted_metrics",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
    "scopes",
    "source",
    "suggested_source_links",
    "suggested_source_links_with_counts",
    "text",
    "withheld",
];
const USER: [&str; 26] = [
    "affiliation",
    "confirmed_email",
    "connection_status",
    "created_at",
    "description",
    "entities",
    "id",
    "is_identity_verified",
    "location",
    "most_recent_tweet_id",
    "name",
    "parody",
    "pinned_tweet_id",
    "profile_banner_url",
    "profile_image_url",
    "protected",
    "public_metrics",
    "receives_your_dm",
    "subscription",
    "subscription_type",
    "url",
    "username",
    "verified",
    "verified_followers_count",
    "verified_type",
    "withheld",
];
const MEDIA: [&str; 13] = [
    "alt_text",
    "duration_ms",
    "height",
    "media_key",
    "non_public_metrics",
    "organic_metrics",
    "preview_image_url",
    "promoted_metrics",
    "public_metrics",
    "type",
    "url",
    "variants",
    "width",
];
const EXPANSIONS: [&str; 18] = [
    "affiliation",
    "article.cover_media",
    "article.media_entities",
    "attachments.media_keys",
    "attachments.media_source_tweet",
    "attachments.poll_ids",
    "author_id",
    "edit_history_post_ids",
    "edit_history_tweet_ids",
    "entities.mentions.username",
    "geo.place_id",
    "in_reply_to_user_id",
    "most_recent_post_id",
    "pinned_post_id",
    "pinned_tweet_id",
    "referenced_posts",
    "referenced_tweets.id",
    "username",
];
/// Parameters every read has.
const SHARED: [&str; 5] = [
    "tweet.fields",
    "post.fields",
    "user.fields",
    "media.fields",
    "expansions",
];

/// What a read asks for.
pub struct Fields {
    /// Fields of posts.
    pub post: BTreeSet<String>,
    /// Fields of users.
    pub user: BTreeSet<String>,
    /// Fields of media.
    pub media: BTreeSet<String>,
    /// Things to include.
    pub expansions: BTreeSet<String>,
}

/// Reads the shared parameters; refuses those that are neither shared nor in `own`.
pub fn read(call: &Call, own: &[&str]) -> Result<Fields, Problem> {
    let known = |name: &str| own.contains(&name) || SHARED.contains(&name);
    if let Some((name, value)) = call.query.iter().find(|(name, _)| !known(name)) {
        let all = [own, &SHARED].concat().join(",");
        let text = format!("The query parameter [{name}] is not one of [{all}]");
        return Err(Problem::invalid(name, value, text));
    }
    let mut post = list(call, "tweet.fields", &POST)?;
    post.extend(list(call, "post.fields", &POST)?);
    Ok(Fields {
        post,
        user: list(call, "user.fields", &USER)?,
        media: list(call, "media.fields", &MEDIA)?,
        expansions: list(call, "expansions", &EXPANSIONS)?,
    })
}

/// A comma-separated parameter with a fixed vocabulary.
pub fn list(call: &Call, name: &str, known: &[&str]) -> Result<BTreeSet<String>, Problem> {
    let Some(text) = call.query(name) else {
        return Ok(BTreeSet::new());
    };
    let check = |value: &str| {
        if known.contains(&value) {
            return Ok(value.to_owned());
        }
        let all = known.join(",");
        let text = format!("The `{name}` query parameter value [{value}] is not one of [{all}]");
        Err(Problem::invalid(name, value, text))
    };
    text.split(',').map(check).collect()
}
