use url::Url;

use super::LinkTracking;
use crate::network::Network;

/// The link with its campaign parameters (networks.md, section 6): lower case, only where absent,
/// the fragment stays last. `content` is the same for every try of a target, so that the link is
/// also the mark by which a post is found again.
pub fn tracked(
    link: &str,
    tracking: Option<&LinkTracking>,
    network: Network,
    content: &str,
) -> String {
    let (Some(tracking), Ok(mut url)) = (tracking, Url::parse(link)) else {
        return link.to_owned();
    };
    let wanted = [
        ("utm_source", Some(network.as_str().to_ascii_lowercase())),
        ("utm_medium", Some("social".to_owned())),
        (
            "utm_campaign",
            tracking
                .campaign
                .as_ref()
                .map(|campaign| campaign.to_lowercase()),
        ),
        ("utm_content", Some(content.to_owned())),
    ];
    let present: Vec<String> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    for (name, value) in wanted {
        if let Some(value) = value
            && !present.iter().any(|other| other == name)
        {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absent_parameters_are_added_and_the_fragment_stays_last() {
        let tracking = LinkTracking {
            campaign: Some("Spring Sale".into()),
        };
        let link = tracked(
            "https://example.com/a?utm_source=mail&x=1#part",
            Some(&tracking),
            Network::X,
            "target_1",
        );
        assert_eq!(
            link,
            "https://example.com/a?utm_source=mail&x=1&utm_medium=social&utm_campaign=spring+sale&utm_content=target_1#part"
        );
        assert_eq!(
            tracked("https://example.com", None, Network::X, "t"),
            "https://example.com"
        );
    }
}
