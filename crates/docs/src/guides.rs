//! The guides: `docs/guides/NN-slug.md` in the order of their numbers, then the explanations of `docs/`.

use rust_embed::Embed;
use serde_json::json;

use crate::{layout::Content, markdown, site::Link};

/// Every Markdown file of `docs/`.
#[derive(Embed)]
#[folder = "../../docs"]
#[include = "*.md"]
#[exclude = "adr/*"]
#[exclude = "errors.md"]
struct Files;

/// A guide.
pub struct Guide {
    /// Its name in addresses.
    pub slug: String,
    /// Its first heading.
    pub title: String,
    /// Its Markdown.
    pub source: String,
}

impl Guide {
    fn read(file: &str) -> Option<Self> {
        let source = String::from_utf8(Files::get(file)?.data.into_owned()).ok()?;
        let name = file.rsplit('/').next()?.strip_suffix(".md")?;
        let title = source.lines().find_map(|line| line.strip_prefix("# "))?;
        Some(Self {
            slug: slug(name).to_owned(),
            title: title.to_owned(),
            source,
        })
    }

    /// The page.
    pub fn content(&self) -> Content {
        let page = markdown::page(&self.source);
        let source = format!("/docs/guides/{}.md", self.slug);
        let values = json!({ "html": page.html, "sections": page.sections, "source": source });
        Content::new(page.title, "guide.html", values)
    }
}

/// A file's name without the number that orders it.
pub fn slug(name: &str) -> &str {
    name.trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('-')
}

/// Whether there is a guide in a file of this name.
pub fn exists(name: &str) -> bool {
    let name = format!("{name}.md");
    Files::iter().any(|file| file.rsplit('/').next() == Some(&name))
}

/// All guides in their order.
pub fn all() -> Vec<Guide> {
    let mut files: Vec<_> = Files::iter().collect();
    files.sort_by_key(|file| (!file.starts_with("guides/"), file.clone()));
    files.iter().filter_map(|file| Guide::read(file)).collect()
}

/// Links to all guides.
pub fn links(guides: &[Guide]) -> Vec<Link> {
    let link = |guide: &Guide| Link::new(&guide.title, format!("/docs/guides/{}", guide.slug));
    guides.iter().map(link).collect()
}

/// A piece of code in a guide.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    /// The guide's name.
    pub guide: String,
    /// The language after the fence, as it stands there.
    pub language: String,
    /// The code.
    pub code: String,
}

/// Every fenced piece of code in the guides, in order, so that tests can run them.
pub fn examples() -> Vec<Example> {
    all().iter().flat_map(of_guide).collect()
}

fn of_guide(guide: &Guide) -> Vec<Example> {
    let mut found = Vec::new();
    let mut open: Option<Example> = None;
    for line in guide.source.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Example {
                    guide: guide.slug.clone(),
                    language: language.trim().to_owned(),
                    code: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(example), None) => {
                example.code.push_str(line);
                example.code.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_come_first_and_in_order() {
        let slugs: Vec<String> = all().into_iter().map(|guide| guide.slug).collect();
        assert_eq!(slugs[0], "quickstart");
        assert!(slugs.contains(&"publishing".to_owned()), "{slugs:?}");
        assert!(!slugs.contains(&"errors".to_owned()), "{slugs:?}");
    }

    #[test]
    fn examples_are_what_stands_between_fences() {
        let guide = Guide {
            slug: "a".into(),
            title: "A".into(),
            source: "# A\n```sh\necho 1\n```\ntext\n```graphql\n{ a }\n```\n".into(),
        };
        let found = of_guide(&guide);
        let shown: Vec<_> = found
            .iter()
            .map(|e| (e.language.as_str(), e.code.as_str()))
            .collect();
        assert_eq!(shown, [("sh", "echo 1\n"), ("graphql", "{ a }\n")]);
    }
}
