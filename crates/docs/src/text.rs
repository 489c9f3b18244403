//! `llms.txt`: where a program that reads finds what (<https://llmstxt.org>).

use std::fmt::Write;

use crate::site::Site;

/// The list of pages as Markdown.
pub fn llms(site: &Site) -> String {
    let mut text = String::from(
        "# Posthaste\n\n> A self-hosted publishing server for social media with a GraphQL API: posts go to Facebook, \
         Instagram, Pinterest and X, each once and at its time.\n\n## Guides\n\n",
    );
    for guide in &site.guides {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- [{}](/docs/guides/{}.md)", guide.title, guide.slug);
    }
    text.push_str(
        "\n## Reference\n\n- [GraphQL schema](/schema.graphql)\n- [OpenAPI of the REST addresses](/openapi.json)\n\
         - [Error codes](/docs/errors)\n- [Changes of the API](/docs/changes)\n",
    );
    text
}
