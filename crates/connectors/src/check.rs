//! What all networks have in common in checking a rendition: counts, kinds, formats, sizes, shapes.
//!
//! A connector calls [`common`] with its capabilities and adds what only it knows.

mod media;

pub use media::frame_rate;
use posthaste_core::{
    ErrorCode,
    connector::{Capabilities, Rendition},
    post::{ContentKind, Problem},
};

/// Every problem that follows from the capabilities; `length` is the composed text's, in the
/// network's own unit.
pub fn common(capabilities: &Capabilities, rendition: &Rendition, length: usize) -> Vec<Problem> {
    let check = Check {
        capabilities,
        rendition,
        name: capabilities.network.title(),
    };
    let mut found = Vec::new();
    if !capabilities.kinds.contains(&rendition.kind) {
        found.push(check.unknown_kind());
        return found;
    }
    found.extend(check.text(length));
    found.extend(check.title());
    found.extend(check.marks());
    found.extend(check.destination());
    found.extend(check.counts());
    found.extend(media::items(&check));
    found
}

/// How often `mark` (`#` or `@`) starts a word that is not a number alone.
pub fn count_marks(text: &str, mark: char) -> usize {
    let mut count = 0;
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let starts = c == mark
            && !before.is_some_and(|b: char| b.is_alphanumeric() || b == '_' || b == mark);
        if starts {
            let mut word = rest
                .clone()
                .take_while(|c| c.is_alphanumeric() || *c == '_');
            count += usize::from(word.any(|c| !c.is_numeric()));
        }
        before = Some(c);
    }
    count
}

struct Check<'a> {
    capabilities: &'a Capabilities,
    rendition: &'a Rendition,
    name: &'static str,
}

impl Check<'_> {
    fn unknown_kind(&self) -> Problem {
        let kind = kind_name(self.rendition.kind);
        Problem::error(
            ErrorCode::InvalidInput,
            format!(
                "{} takes no {kind} from an app; choose another kind.",
                self.name
            ),
            ["kind"],
        )
    }

    fn text(&self, length: usize) -> Option<Problem> {
        let Rendition {
            text, link, media, ..
        } = self.rendition;
        let Capabilities {
            max_text,
            text_unit,
            ..
        } = self.capabilities;
        let empty = text.trim().is_empty();
        if self.rendition.kind == ContentKind::Story {
            return (!empty || link.is_some()).then(|| {
                Problem::warning(
                    ErrorCode::InvalidInput,
                    format!("A story on {} shows no text and no link; only the picture or video is published.", self.name),
                    ["text"],
                )
            });
        }
        if empty && link.is_none() && media.is_empty() {
            return Some(Problem::error(
                ErrorCode::TextRequired,
                format!("{} needs a text, a link, a picture or a video.", self.name),
                ["text"],
            ));
        }
        let with_link = if link.is_some() && !self.capabilities.link_field {
            " with the link"
        } else {
            ""
        };
        (length > *max_text).then(|| {
            Problem::error(
                ErrorCode::TextTooLong,
                format!(
                    "The text has {length} {text_unit}{with_link}; {} takes at most {max_text}.",
                    self.name
                ),
                ["text"],
            )
        })
    }

    fn title(&self) -> Option<Problem> {
        let most = self.capabilities.max_title;
        let length = self.rendition.title.as_ref()?.chars().count();
        (most > 0 && length > most).then(|| {
            Problem::error(
                ErrorCode::TitleTooLong,
                format!(
                    "The title has {length} characters; {} takes at most {most}.",
                    self.name
                ),
                ["title"],
            )
        })
    }

    fn marks(&self) -> Vec<Problem> {
        let limits = [
            (
                '#',
                self.capabilities.max_hashtags,
                ErrorCode::TooManyHashtags,
                "hashtags",
            ),
            (
                '@',
                self.capabilities.max_mentions,
                ErrorCode::TooManyMentions,
                "mentions",
            ),
        ];
        let over = |(mark, most, code, what): (char, Option<usize>, ErrorCode, &str)| {
            let count = count_marks(&self.rendition.text, mark);
            let most = most.filter(|most| count > *most)?;
            let message = format!(
                "The text has {count} {what}; {} takes at most {most}.",
                self.name
            );
            Some(Problem::error(code, message, ["text"]))
        };
        limits.into_iter().filter_map(over).collect()
    }

    fn destination(&self) -> Option<Problem> {
        let missing = self
            .rendition
            .destination
            .as_deref()
            .unwrap_or_default()
            .is_empty();
        (self.capabilities.destination_required && missing).then(|| {
            Problem::error(
                ErrorCode::DestinationRequired,
                format!("{} needs a board to put the post on.", self.name),
                ["destination"],
            )
        })
    }

    fn counts(&self) -> Vec<Problem> {
        let media = &self.rendition.media;
        let videos = media
            .iter()
            .filter(|item| item.facts.format.is_video())
            .count();
        let pictures = media.len() - videos;
        let error = |code, message: String| vec![Problem::error(code, message, ["media"])];
        let (name, most) = (self.name, self.capabilities.max_pictures);
        match self.rendition.kind {
            ContentKind::Story if media.is_empty() => error(
                ErrorCode::MediaRequired,
                format!("A story on {name} needs a picture or a video."),
            ),
            ContentKind::Story if media.len() > 1 => error(
                ErrorCode::MediaTooMany,
                format!(
                    "A story on {name} shows one picture or video; there are {}.",
                    media.len()
                ),
            ),
            ContentKind::Reel if videos == 0 => error(
                ErrorCode::MediaRequired,
                format!("A reel on {name} needs a video."),
            ),
            ContentKind::Reel if media.len() > 1 => error(
                ErrorCode::MediaTooMany,
                format!(
                    "A reel on {name} is one video; there are {} files.",
                    media.len()
                ),
            ),
            ContentKind::Feed if media.is_empty() && self.capabilities.media_required => error(
                ErrorCode::MediaRequired,
                format!("{name} needs a picture or a video."),
            ),
            ContentKind::Feed if self.capabilities.mixed_media && media.len() > most => error(
                ErrorCode::MediaTooMany,
                format!(
                    "There are {} pictures and videos; {name} takes at most {most}.",
                    media.len()
                ),
            ),
            ContentKind::Feed if self.capabilities.mixed_media => Vec::new(),
            ContentKind::Feed if videos > 0 && pictures > 0 => error(
                ErrorCode::MediaMixed,
                format!(
                    "There are {pictures} pictures and {videos} videos; {name} takes either pictures or one video."
                ),
            ),
            ContentKind::Feed if videos > 1 => error(
                ErrorCode::MediaTooMany,
                format!("There are {videos} videos; {name} takes one in a post."),
            ),
            ContentKind::Feed if pictures > most => error(
                ErrorCode::MediaTooMany,
                format!("There are {pictures} pictures; {name} takes at most {most}."),
            ),
            _ => Vec::new(),
        }
    }
}

fn kind_name(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Feed => "ordinary posts",
        ContentKind::Story => "stories",
        ContentKind::Reel => "reels",
    }
}

#[cfg(test)]
mod tests {
    use super::count_marks;

    #[test]
    fn marks_count_only_at_the_start_of_a_word_with_a_letter() {
        let cases = [
            ("#one #two", '#', 2),
            ("#1 #2nd", '#', 1),
            ("a#b c##d #", '#', 0),
            ("(#paren) #žemlja\n#new", '#', 3),
            ("mail a@b.c to @me and @you_2", '@', 2),
        ];
        for (text, mark, expected) in cases {
            assert_eq!(count_marks(text, mark), expected, "{text}");
        }
    }
}
