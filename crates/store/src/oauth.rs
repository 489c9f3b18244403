//! Apps of others (OAuth 2.1), what people let them do, and the codes on their way between.

mod app;
mod code;
mod grant;

pub use app::{
    OauthApp, app, count_apps, delete_app, insert_app, list_apps, lock_app, named_app, set_secret,
    update_app,
};
pub use code::{Code, insert_code, mark_used, sweep_codes, take_code};
pub use grant::{
    Filter, Holder, OauthGrant, count_grants, count_of_apps, grant_by_id, insert_grant,
    list_grants, lock_grant, lock_grants_of, may_now, revoke_grant, rotate_grant, sweep_grants,
    touch,
};
