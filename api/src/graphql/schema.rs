//! The whole schema.

use async_graphql::{
    MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder,
    connection::Connection,
};
use posthaste_engine::App;

use super::{
    audit, connection, cost, developer, event, idempotency, identity, incident, job, limits, media,
    member, network, node, oauth, order,
    page::{Cursor, List},
    payload::MutationError,
    person, post, quota, role, sandbox, target, team, viewer, webhook, workspace,
};

/// Reads.
#[derive(MergedObject, Default)]
pub struct Query(
    node::NodeQuery,
    viewer::ViewerQuery,
    viewer::FactorQuery,
    viewer::PasskeyQuery,
    identity::IdentityQuery,
    cost::CostQuery,
    workspace::WorkspaceQuery,
    role::RoleQuery,
    member::MemberQuery,
    member::InvitationQuery,
    team::TeamQuery,
    network::NetworkQuery,
    connection::ConnectionQuery,
    post::PostQuery,
    target::TargetQuery,
    media::MediaQuery,
    event::EventQuery,
    developer::KeyQuery,
    oauth::OauthQuery,
    developer::LogQuery,
    developer::UsageQuery,
    developer::ChangesQuery,
    audit::AuditQuery,
    incident::IncidentQuery,
    sandbox::SandboxQuery,
    webhook::WebhookQuery,
    job::BulkQuery,
    quota::QuotaQuery,
);

/// Changes. Each takes one `input` and answers with a payload: what was changed, `errors` and `warnings`.
#[derive(MergedObject, Default)]
pub struct Mutation(
    viewer::ViewerMutation,
    viewer::FactorMutation,
    viewer::PasskeyMutation,
    identity::IdentityMutation,
    person::DoorMutation,
    person::PersonMutation,
    workspace::WorkspaceMutation,
    role::RoleMutation,
    member::MemberMutation,
    member::InvitationMutation,
    team::TeamMutation,
    connection::ConnectionMutation,
    post::PostMutation,
    target::TargetMutation,
    media::MediaMutation,
    developer::KeyMutation,
    incident::IncidentMutation,
    oauth::OauthMutation,
    sandbox::SandboxMutation,
    webhook::WebhookMutation,
    job::BulkMutation,
    quota::QuotaMutation,
);

/// Follows what happens, over graphql-transport-ws or server-sent events.
#[derive(MergedSubscription, Default)]
pub struct Subscription(
    event::EventSubscription,
    target::TargetSubscription,
    job::BulkSubscription,
);

/// The schema, ready to execute.
pub type ApiSchema = Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .register_output_type::<MutationError>()
    .register_output_type::<node::Node>()
    .override_output_type_description::<List<connection::Connection>>(
        "A page of connected accounts.",
    )
    .override_output_type_description::<List<post::Post>>("A page of posts.")
    .override_output_type_description::<List<target::Target>>("A page of targets.")
    .override_output_type_description::<List<media::Media>>("A page of media.")
    .override_output_type_description::<List<webhook::WebhookEndpoint>>(
        "A page of webhook endpoints.",
    )
    .override_output_type_description::<List<webhook::WebhookDelivery>>(
        "A page of webhook deliveries.",
    )
    .override_output_type_description::<List<job::BulkJob>>("A page of bulk jobs.")
    .override_output_type_description::<List<job::BulkResult>>(
        "A page of the results of a bulk job.",
    )
    .override_output_type_description::<List<developer::ApiKey>>("A page of API keys.")
    .override_output_type_description::<List<oauth::OauthApp>>("A page of apps of others.")
    .override_output_type_description::<List<oauth::OauthGrant>>(
        "A page of what people let apps do.",
    )
    .override_output_type_description::<List<role::CustomRole>>("A page of custom roles.")
    .override_output_type_description::<List<member::Member>>("A page of members.")
    .override_output_type_description::<List<member::Invitation>>("A page of invitations.")
    .override_output_type_description::<List<viewer::Session>>("A page of sessions.")
    .override_output_type_description::<List<team::Team>>("A page of teams.")
    .override_output_type_description::<List<incident::Incident>>("A page of incidents.")
    .override_output_type_description::<List<audit::AuditEntry>>("A page of the audit log.")
    .override_output_type_description::<List<developer::SchemaChange>>(
        "A page of the changes of the schema.",
    )
    .override_output_type_description::<
        Connection<Cursor, developer::LoggedRequest, developer::Logged>,
    >("A page of the request log.")
    .limit_depth(limits::DEPTH)
    .limit_complexity(limits::COMPLEXITY)
    .limit_directives(limits::DIRECTIVES)
    .directive(idempotency::idempotent)
    .extension(limits::Limits)
    .extension(order::Order)
}

/// The schema with the application behind it.
pub fn build(app: App) -> ApiSchema {
    builder().extension(cost::Cost).data(app).finish()
}

/// The schema without an application: each request brings its own, and is at nobody's cost.
pub fn without_app() -> ApiSchema {
    builder().finish()
}

/// The schema as text, `schema.graphql`; needs neither configuration nor database.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_enum_items()
        .sorted_arguments();
    without_app().sdl_with_options(options)
}
