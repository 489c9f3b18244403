//! Markdown as HTML, with links and headings fit for the site.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;

use crate::guides;

/// A heading of the second level, for the list beside a page.
#[derive(Debug, PartialEq, Serialize)]
pub struct Heading {
    /// Its text.
    pub title: String,
    /// Its anchor.
    pub anchor: String,
}

/// A text as HTML, its title (the first heading) and its sections.
pub struct Rendered {
    /// The first heading, which is not in the HTML.
    pub title: String,
    /// Everything after it.
    pub html: String,
    /// Headings of the second level.
    pub sections: Vec<Heading>,
}

fn events(source: &str) -> Parser<'_> {
    Parser::new_ext(
        source,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    )
}

/// A page's Markdown as HTML.
pub fn page(source: &str) -> Rendered {
    let mut rendered = Rendered {
        title: String::new(),
        html: String::new(),
        sections: Vec::new(),
    };
    let mut out = Vec::new();
    // Whether each open link is shown as one.
    let mut links = Vec::new();
    let mut heading: OpenHeading<'_> = None;
    for event in events(source) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, Vec::new())),
            Event::End(TagEnd::Heading(_)) => {
                let Some((level, inner)) = heading.take() else {
                    continue;
                };
                let title = plain(&inner);
                if level == HeadingLevel::H1 && rendered.title.is_empty() {
                    rendered.title = title;
                    continue;
                }
                let anchor = anchor(&title);
                out.push(Event::Html(format!("<{level} id=\"{anchor}\">").into()));
                out.extend(inner);
                out.push(Event::Html(format!("</{level}>\n").into()));
                if level == HeadingLevel::H2 {
                    rendered.sections.push(Heading { title, anchor });
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let link = on_site(&dest_url);
                links.push(link.is_some());
                if let Some(link) = link {
                    let link = link.replace('"', "%22");
                    let open = Event::InlineHtml(format!("<a href=\"{link}\">").into());
                    place(&mut heading, &mut out).push(open);
                }
            }
            Event::End(TagEnd::Link) => {
                if links.pop() == Some(true) {
                    place(&mut heading, &mut out).push(Event::InlineHtml("</a>".into()));
                }
            }
            // Our own texts have no HTML but anchors and comments; none of it is shown.
            Event::Html(_) | Event::InlineHtml(_) => {}
            event => place(&mut heading, &mut out).push(event),
        }
    }
    html::push_html(&mut rendered.html, out.into_iter());
    rendered
}

/// The heading that is being read.
type OpenHeading<'a> = Option<(HeadingLevel, Vec<Event<'a>>)>;

/// Where the next event belongs: into the open heading, or the text.
fn place<'a, 'b>(
    heading: &'b mut OpenHeading<'a>,
    out: &'b mut Vec<Event<'a>>,
) -> &'b mut Vec<Event<'a>> {
    match heading {
        Some((_, inner)) => inner,
        None => out,
    }
}

/// A short text, such as a description of the schema, as HTML.
pub fn short(source: &str) -> String {
    let mut out = String::new();
    let safe = events(source).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    html::push_html(&mut out, safe);
    out
}

fn plain(events: &[Event<'_>]) -> String {
    let text = |event: &Event<'_>| match event {
        Event::Text(text) | Event::Code(text) => text.to_string(),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}

/// The anchor of a heading: its words in lower case, joined by hyphens.
pub fn anchor(title: &str) -> String {
    let words: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

/// Links between the Markdown files as links between pages; others stay. Nothing for files that the
/// site does not have.
fn on_site(link: &str) -> Option<String> {
    let (path, fragment) = match link.split_once('#') {
        Some((path, fragment)) => (path, format!("#{fragment}")),
        None => (link, String::new()),
    };
    let Some(file) = path.strip_suffix(".md").filter(|_| !path.contains("://")) else {
        // A folder of the repository.
        let known = path.contains("://") || path.starts_with('/') || path.is_empty();
        return known.then(|| link.to_owned());
    };
    let name = file.rsplit('/').next().unwrap_or(file);
    let page = match name {
        "errors" => "/docs/errors".to_owned(),
        name => guides::exists(name).then(|| format!("/docs/guides/{}", guides::slug(name)))?,
    };
    Some(format!("{page}{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_get_anchors_and_the_first_is_the_title() {
        let page = page("# The title\n\nText.\n\n## What `it` does\n\nMore.\n");
        assert_eq!(page.title, "The title");
        assert_eq!(
            page.html,
            "<p>Text.</p>\n<h2 id=\"what-it-does\">What <code>it</code> does</h2>\n<p>More.</p>\n"
        );
        assert_eq!(
            page.sections,
            [Heading {
                title: "What it does".into(),
                anchor: "what-it-does".into()
            }]
        );
    }

    #[test]
    fn links_between_files_lead_to_pages() {
        for (link, expected) in [
            ("../sandbox.md#faults", Some("/docs/guides/sandbox#faults")),
            ("05-lists.md", Some("/docs/guides/lists")),
            ("errors.md#internal", Some("/docs/errors#internal")),
            ("https://example.org/a.md", Some("https://example.org/a.md")),
            ("#below", Some("#below")),
            ("../sandbox/README.md", None),
            ("../sandbox/examples", None),
        ] {
            assert_eq!(on_site(link).as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn html_in_descriptions_is_text() {
        assert_eq!(short("<b>x</b>"), "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
    }
}
