//! Consent, codes and tokens of Facebook Login and Instagram Login.

mod consent;
mod exchange;
mod person;

pub use consent::{facebook_dialog, instagram_dialog};
pub use exchange::{
    control_grant, debug_token, facebook_token, instagram_code, instagram_long_lived,
    instagram_refresh,
};
pub use person::{page_node, person};

use chrono::TimeDelta;

/// Prefix of Facebook tokens.
const EAA: &str = "EAA";
/// Prefix of Instagram Login tokens.
const IGAA: &str = "IGAA";

/// Life of a user token from a code; the docs say "hours".
const SHORT: TimeDelta = TimeDelta::hours(2);
/// Life of an Instagram Login token from a code.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// Life of a long-lived user token: the figure of the docs' sample.
const LONG: TimeDelta = TimeDelta::seconds(5_183_944);
/// Life of a code; not documented.
const CODE: TimeDelta = TimeDelta::minutes(10);

/// A scope in the words of the consent page; none for scopes the networks do not have.
fn words(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "public_profile" => "Read your name and picture",
        "email" => "Read your email address",
        "pages_show_list" => "See the list of your Pages",
        "pages_manage_posts" => "Create and manage posts on your Pages",
        "pages_read_engagement" => "Read the content of your Pages",
        "pages_read_user_content" => "Read what people write on your Pages",
        "pages_manage_metadata" => "Manage settings of your Pages",
        "pages_manage_engagement" => "Manage comments on your Pages",
        "read_insights" => "Read insights of your Pages",
        "business_management" => "Manage your business",
        "publish_video" => "Publish videos",
        "ads_management" => "Manage your ads",
        "ads_read" => "Read your ads",
        "instagram_basic" | "instagram_business_basic" => "Read your Instagram profile and media",
        "instagram_content_publish" | "instagram_business_content_publish" => {
            "Publish on your Instagram account"
        }
        "instagram_manage_insights" | "instagram_business_manage_insights" => {
            "Read insights of your Instagram account"
        }
        "instagram_manage_comments" | "instagram_business_manage_comments" => {
            "Manage comments on your Instagram account"
        }
        "instagram_business_manage_messages" => "Manage messages of your Instagram account",
        _ => return None,
    })
}
