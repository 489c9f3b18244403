//! Templates and files that every page shares.

use minijinja::{Environment, Value, value::Serde};
use serde_json::json;

use crate::site::{Kind, Link, Page, SiteError};

const TEMPLATES: [(&str, &str); 9] = [
    ("base.html", include_str!("../templates/base.html")),
    ("index.html", include_str!("../templates/index.html")),
    ("guide.html", include_str!("../templates/guide.html")),
    ("overview.html", include_str!("../templates/overview.html")),
    ("field.html", include_str!("../templates/field.html")),
    ("type.html", include_str!("../templates/type.html")),
    ("changes.html", include_str!("../templates/changes.html")),
    ("errors.html", include_str!("../templates/errors.html")),
    ("macros.html", include_str!("../templates/macros.html")),
];

const STYLE: &str = include_str!("../assets/docs.css");
const SCRIPT: &str = include_str!("../assets/docs.js");

/// What stands in a page.
pub struct Content {
    title: String,
    template: &'static str,
    values: serde_json::Value,
}

impl Content {
    /// The values of a template.
    pub fn new(
        title: impl Into<String>,
        template: &'static str,
        values: serde_json::Value,
    ) -> Self {
        Self {
            title: title.into(),
            template,
            values,
        }
    }
}

/// The templates.
pub struct Layout(Environment<'static>);

impl Layout {
    /// Reads the templates.
    pub fn new() -> Result<Self, SiteError> {
        let mut templates = Environment::new();
        for (name, text) in TEMPLATES {
            templates.add_template(name, text)?;
        }
        Ok(Self(templates))
    }

    /// A whole page.
    pub fn render(&self, content: Content, guides: &[Link]) -> Result<String, SiteError> {
        let page = self.0.get_template(content.template)?;
        let mut values = content.values;
        values["title"] = content.title.into();
        values["navigation"] = json!(guides);
        Ok(page.render(Value::from(Serde(values)))?)
    }

    /// A file of the pages.
    pub fn asset(name: &str) -> Option<Page> {
        let (kind, text) = match name {
            "docs.css" => (Kind::Css, STYLE),
            "docs.js" => (Kind::JavaScript, SCRIPT),
            _ => return None,
        };
        Some(Page {
            kind,
            text: text.to_owned(),
        })
    }
}
