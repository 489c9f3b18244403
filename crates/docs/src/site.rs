use posthaste_core::{ErrorCode, error::slug};
use serde::Serialize;
use serde_json::json;

use crate::{
    changes, errors,
    guides::{self, Guide},
    layout::{Content, Layout},
    operations::Operations,
    reference,
    schema::Schema,
    search, text,
};

/// Why the site cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The schema is no schema.
    #[error("the schema cannot be read: {0}")]
    Schema(#[from] async_graphql_parser::Error),
    /// The list of changes is none.
    #[error("the changes of the schema cannot be read: {0}")]
    Changes(#[from] serde_json::Error),
    /// A template does not fit its values.
    #[error("a page cannot be made: {0}")]
    Template(#[from] minijinja::Error),
}

/// What kind of text a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A page for people.
    Html,
    /// A page's source, for programs that read.
    Markdown,
    /// Plain text.
    Text,
    /// The search index.
    Json,
    /// The style.
    Css,
    /// The script of the search.
    JavaScript,
}

/// A page or file of the site.
#[derive(Debug)]
pub struct Page {
    /// What kind of text it is.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

/// A link of the navigation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Link {
    pub title: String,
    pub href: String,
}

impl Link {
    pub fn new(title: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            href: href.into(),
        }
    }
}

/// What the site is made from.
pub struct Site {
    pub(crate) schema: Schema,
    pub(crate) operations: Operations,
    pub(crate) guides: Vec<Guide>,
    layout: Layout,
}

impl Site {
    /// Reads the schema (SDL) and what the binary carries.
    pub fn new(sdl: &str) -> Result<Self, SiteError> {
        Ok(Self {
            schema: Schema::read(sdl)?,
            operations: Operations::embedded(),
            guides: guides::all(),
            layout: Layout::new()?,
        })
    }

    /// The page at a path below `/docs`, without slashes at its ends: `guides/quickstart`.
    /// Nothing when there is no such page.
    pub fn page(&self, path: &str) -> Result<Option<Page>, SiteError> {
        let parts: Vec<&str> = path.split('/').collect();
        let page = match parts.as_slice() {
            [""] => self.index().map(Some)?,
            ["llms.txt"] => Some(plain(Kind::Text, text::llms(self))),
            ["search.json"] => Some(plain(Kind::Json, search::index(self))),
            ["assets", name] => Layout::asset(name),
            ["changes"] => Some(self.html(changes::page(&self.schema)?)?),
            ["errors"] => Some(self.html(errors::list())?),
            ["errors", name] => match errors::code(name) {
                Some(code) => Some(self.html(errors::page(code))?),
                None => None,
            },
            ["guides", name] => self.guide(name)?,
            ["graphql"] => Some(self.html(reference::overview(&self.schema))?),
            ["graphql", group, name] => match reference::page(self, group, name) {
                Some(content) => Some(self.html(content)?),
                None => None,
            },
            _ => None,
        };
        Ok(page)
    }

    /// The address of every page, as [`Site::page`] takes it.
    pub fn paths(&self) -> Vec<String> {
        let fixed = [
            "",
            "changes",
            "errors",
            "graphql",
            "llms.txt",
            "search.json",
        ]
        .map(str::to_owned);
        let guides = self
            .guides
            .iter()
            .map(|guide| format!("guides/{}", guide.slug));
        let codes = ErrorCode::ALL
            .iter()
            .map(|code| format!("errors/{}", slug(*code)));
        fixed
            .into_iter()
            .chain(guides)
            .chain(codes)
            .chain(reference::paths(&self.schema))
            .collect()
    }

    fn guide(&self, name: &str) -> Result<Option<Page>, SiteError> {
        let (slug, raw) = match name.strip_suffix(".md") {
            Some(slug) => (slug, true),
            None => (name, false),
        };
        let Some(guide) = self.guides.iter().find(|guide| guide.slug == slug) else {
            return Ok(None);
        };
        if raw {
            return Ok(Some(plain(Kind::Markdown, guide.source.clone())));
        }
        self.html(guide.content()).map(Some)
    }

    fn index(&self) -> Result<Page, SiteError> {
        let groups = reference::groups(&self.schema);
        self.html(Content::new(
            "Documentation",
            "index.html",
            json!({ "guides": guides::links(&self.guides), "groups": groups }),
        ))
    }

    fn html(&self, content: Content) -> Result<Page, SiteError> {
        let text = self.layout.render(content, &guides::links(&self.guides))?;
        Ok(plain(Kind::Html, text))
    }
}

fn plain(kind: Kind, text: String) -> Page {
    Page { kind, text }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SDL: &str = include_str!("../../../schema.graphql");

    /// Addresses of the site's own links in a page.
    fn links(html: &str) -> Vec<&str> {
        let ends = |part: &'static str| html.split(part).skip(1);
        ends("href=\"/docs")
            .chain(ends("src=\"/docs"))
            .filter_map(|rest| rest.split('"').next())
            .map(|link| link.split('#').next().unwrap_or_default().trim_matches('/'))
            .collect()
    }

    #[test]
    fn every_page_can_be_made_and_every_link_leads_somewhere() {
        let site = Site::new(SDL).unwrap();
        let paths = site.paths();
        assert!(paths.len() > 200, "{}", paths.len());
        let mut seen = HashSet::new();
        for path in &paths {
            let page = site.page(path).unwrap();
            let page = page.unwrap_or_else(|| panic!("there is no page {path}"));
            for link in links(&page.text) {
                // The REST page is the server's own.
                if link == "rest" || !seen.insert(link.to_owned()) {
                    continue;
                }
                assert!(site.page(link).unwrap().is_some(), "{path} links to {link}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_no_page() {
        let site = Site::new(SDL).unwrap();
        for path in [
            "nowhere",
            "guides/nowhere",
            "errors/nowhere",
            "graphql/types/Nowhere",
            "graphql/x/y",
            "assets/x",
        ] {
            assert!(site.page(path).unwrap().is_none(), "{path}");
        }
    }

    #[test]
    fn a_field_shows_its_input_its_answer_and_its_operation() {
        let site = Site::new(SDL).unwrap();
        let page = site
            .page("graphql/mutations/postCreate")
            .unwrap()
            .unwrap()
            .text;
        for part in [
            "PostCreateInput",
            "PostPayload",
            "mutation PostCreate(",
            "posts.create",
        ] {
            assert!(page.contains(part), "{part} is missing");
        }
    }

    #[test]
    fn descriptions_are_escaped() {
        let site =
            Site::new("schema { query: Q } type Q { \"<script>x</script>\" a: Int }").unwrap();
        let page = site.page("graphql/queries/a").unwrap().unwrap().text;
        assert!(!page.contains("<script>x"), "{page}");
    }
}
