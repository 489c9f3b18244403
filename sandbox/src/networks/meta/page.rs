//! Permalinks of Facebook and Instagram.

use super::super::{Networks, answer::Answer, kinds::Network, log::Post, pages};

/// `www.facebook.com/{post}`, `/reel/{video}` and the like.
pub fn facebook(networks: &Networks, id: &str) -> Answer {
    let state = networks.state();
    let facebook = &state.meta.facebook;
    let of_video = facebook
        .videos
        .get(id)
        .and_then(|video| video.post.as_deref());
    let of_photo = facebook
        .photos
        .get(id)
        .and_then(|photo| photo.post.as_deref());
    let id = of_video.or(of_photo).unwrap_or(id);
    show(state.log.get(Network::Facebook, id))
}

/// `www.instagram.com/p/{code}`; the code is the media id in the letters of URLs.
pub fn instagram(networks: &Networks, code: &str) -> Answer {
    let state = networks.state();
    let id = state.meta.instagram.media_of_code(code);
    show(id.and_then(|id| state.log.get(Network::Instagram, &id)))
}

fn show(post: Option<&Post>) -> Answer {
    if let Some(post) = post.filter(|post| post.deleted_at.is_none()) {
        return Answer::html(200, pages::post(post));
    }
    let text = "The link may be broken, or the post was removed.";
    Answer::html(
        404,
        pages::notice("This content isn't available right now", text),
    )
}
