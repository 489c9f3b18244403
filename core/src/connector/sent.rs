use serde::{Deserialize, Serialize};

use super::Rendition;

/// What a post said and where it went when it was sent. A reading back looks for exactly this: meanwhile
/// a person may have chosen another board, or a newer version may put things differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The person's text.
    pub text: String,
    /// The title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The link, with its tracking parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Board or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

impl Sent {
    /// The rendition as it was sent; the media stay.
    pub fn put_into(self, rendition: Rendition) -> Rendition {
        Rendition {
            text: self.text,
            title: self.title,
            link: self.link,
            destination: self.destination,
            ..rendition
        }
    }
}

impl From<&Rendition> for Sent {
    fn from(rendition: &Rendition) -> Self {
        Self {
            text: rendition.text.clone(),
            title: rendition.title.clone(),
            link: rendition.link.clone(),
            destination: rendition.destination.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{connector::Intent, post::ContentKind};

    #[test]
    fn what_was_sent_stands_for_what_is_said_now() {
        let before = Rendition {
            kind: ContentKind::Feed,
            text: "Bread.".into(),
            title: Some("Bakery".into()),
            link: Some("https://harborstreet.example".into()),
            media: Vec::new(),
            destination: Some("board 1".into()),
        };
        let sent = Sent::from(&before);
        let now = Rendition {
            text: "Rolls.".into(),
            title: None,
            link: None,
            destination: Some("board 2".into()),
            ..before.clone()
        };
        assert_eq!(Sent::from(&sent.clone().put_into(now)), sent);
    }

    #[test]
    fn an_intent_of_an_older_version_is_read() {
        let old =
            json!({ "at": "2027-01-04T08:00:00Z", "ready": {}, "after_id": null, "known_ids": [] });
        let intent: Intent = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(intent.sent, None);
        assert_eq!(serde_json::to_value(intent).unwrap(), old);
    }
}
