use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_core::secret::Secret;
use posthaste_engine::person as engine;

use crate::graphql::{
    context::{both, caller},
    payload::payload,
    viewer::Person,
};

/// The present password and the one to be.
#[derive(InputObject)]
pub struct PasswordChangeInput {
    /// The present password.
    current: String,
    /// The password to be: 8 to 256 characters of any kind.
    new: String,
}

/// The address to be.
#[derive(InputObject)]
pub struct EmailChangeInput {
    /// The e-mail.
    email: String,
    /// The person's password.
    password: String,
}

/// What to change of oneself.
#[derive(InputObject)]
pub struct PersonUpdateInput {
    /// The name, 1 to 100 characters.
    name: String,
}

/// Who is to be erased: whoever sends this.
#[derive(InputObject)]
pub struct PersonEraseInput {
    /// The person's password.
    password: String,
}

payload! {
    /// What came of changing the password.
    PasswordChangePayload {
        /// Whether the password was changed.
        is_changed: bool
    }
}

payload! {
    /// What came of asking for another address.
    EmailChangePayload {
        /// Whether a mail is on its way to it; `emailVerify` takes the token in it.
        is_mailed: bool
    }
}

payload! {
    /// What came of changing oneself.
    PersonUpdatePayload {
        /// The person as they are now.
        person: Person
    }
}

payload! {
    /// What came of erasing oneself.
    PersonErasePayload {
        /// The id of the person who was.
        erased_id: ID
    }
}

/// What signed-in people do to themselves; an API key can do none of it.
#[derive(Default)]
pub struct PersonMutation;

#[Object]
impl PersonMutation {
    /// Changes the signed-in person's password and ends their other sessions.
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present password and the one to be.")] input: PasswordChangeInput,
    ) -> Result<PasswordChangePayload> {
        let (app, actor) = both(ctx)?;
        let client = &caller(ctx)?.client;
        let (current, new) = (Secret::new(input.current), Secret::new(input.new));
        let outcome = engine::change_password(app, actor, current, new, client).await;
        Ok(PasswordChangePayload::of(app, outcome.map(|()| true))?)
    }

    /// Asks for another e-mail address. It takes the place of the present one once `emailVerify` gets the token that is
    /// mailed there; the present one is told.
    async fn email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address to be.")] input: EmailChangeInput,
    ) -> Result<EmailChangePayload> {
        let (app, actor) = both(ctx)?;
        let (password, client) = (Secret::new(input.password), &caller(ctx)?.client);
        let outcome = engine::change_email(app, actor, &input.email, password, client).await;
        Ok(EmailChangePayload::of(app, outcome.map(|()| true))?)
    }

    /// Changes the signed-in person.
    async fn person_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: PersonUpdateInput,
    ) -> Result<PersonUpdatePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::rename(app, actor, &input.name).await;
        let outcome = outcome.map(|user| Person::from(&user));
        Ok(PersonUpdatePayload::of(app, outcome)?)
    }

    /// Erases the signed-in person for good: memberships, sessions and API keys end. `LAST_OWNER` while a workspace has no
    /// other owner; hand it over or delete it first.
    async fn person_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's password.")] input: PersonEraseInput,
    ) -> Result<PersonErasePayload> {
        let (app, actor) = both(ctx)?;
        let (password, client) = (Secret::new(input.password), &caller(ctx)?.client);
        let outcome = engine::erase(app, actor, password, client).await;
        Ok(PersonErasePayload::of(app, outcome.map(ID::from))?)
    }
}
