//! What the search looks through, as JSON: `[{ "title", "href", "text" }]`.

use posthaste_core::{ErrorCode, error::slug};
use serde::Serialize;

use crate::{markdown, reference, site::Site};

#[derive(Serialize)]
struct Found {
    title: String,
    href: String,
    text: String,
}

/// The whole index.
pub fn index(site: &Site) -> String {
    let mut all = Vec::new();
    for guide in &site.guides {
        let href = format!("/docs/guides/{}", guide.slug);
        all.push(Found {
            title: guide.title.clone(),
            href: href.clone(),
            text: String::new(),
        });
        all.extend(
            markdown::page(&guide.source)
                .sections
                .into_iter()
                .map(|section| Found {
                    title: section.title,
                    href: format!("{href}#{}", section.anchor),
                    text: guide.title.clone(),
                }),
        );
    }
    all.push(Found {
        title: "Changes of the API".to_owned(),
        href: "/docs/changes".to_owned(),
        text: "What changed in the schema, and what will go.".to_owned(),
    });
    for group in reference::groups(&site.schema) {
        all.extend(group.entries.into_iter().map(|entry| Found {
            title: entry.name,
            href: entry.href,
            text: entry.summary,
        }));
    }
    all.extend(ErrorCode::ALL.iter().map(|code| Found {
        title: code.as_str().to_owned(),
        href: format!("/docs/errors/{}", slug(*code)),
        text: code.title().to_owned(),
    }));
    serde_json::to_string(&all).unwrap_or_default()
}
