//! Roles, members and invitations.

use super::{
    Case,
    developer::{by_owner, mutation},
    document,
    fixture::Fixture,
};

const NOBODY: &str = "01h455vb4pex5vsknk084sn02q";

pub fn cases(f: &Fixture) -> Vec<Case> {
    let by = |name, mutation_name: &str, input: &str, code, path| {
        by_owner(f, name, mutation(mutation_name, input), code, path)
    };
    vec![
        by(
            "a role without a name",
            "customRoleCreate",
            "name: \" \", permissions: [READ]",
            "INVALID_INPUT",
            "name",
        ),
        by(
            "a role that does not read",
            "customRoleCreate",
            "name: \"a\", permissions: [WRITE]",
            "INVALID_INPUT",
            "permissions",
        ),
        by(
            "a permission that is none",
            "customRoleCreate",
            "name: \"a\", permissions: [FLY]",
            "INVALID_INPUT",
            "permissions.0",
        ),
        by(
            "an unknown role",
            "customRoleUpdate",
            &format!("id: \"role_{NOBODY}\", version: 1"),
            "NOT_FOUND",
            "",
        ),
        by(
            "a role's id of another kind",
            "customRoleDelete",
            &format!("id: \"user_{NOBODY}\""),
            "INVALID_ID",
            "id",
        ),
        document(
            f,
            "an editor's role",
            mutation("customRoleCreate", "name: \"a\", permissions: [READ]"),
            "FORBIDDEN",
            "",
        ),
        by(
            "a team of owners",
            "teamCreate",
            "name: \"a\", role: OWNER",
            "INVALID_INPUT",
            "role",
        ),
        by(
            "a team of strangers",
            "teamCreate",
            &format!("name: \"a\", role: VIEWER, memberIds: [\"user_{NOBODY}\"]"),
            "NOT_FOUND",
            "memberIds.0",
        ),
        by(
            "a team limited to nothing",
            "teamCreate",
            "name: \"a\", role: VIEWER, connectionIds: []",
            "INVALID_INPUT",
            "connectionIds",
        ),
        by(
            "an unknown team",
            "teamUpdate",
            &format!("id: \"team_{NOBODY}\", version: 1"),
            "NOT_FOUND",
            "",
        ),
        by(
            "an unknown member",
            "memberUpdate",
            &format!("id: \"user_{NOBODY}\", role: VIEWER"),
            "NOT_FOUND",
            "",
        ),
        by(
            "a member without a role",
            "memberUpdate",
            &format!("id: \"user_{NOBODY}\""),
            "INVALID_INPUT",
            "role",
        ),
        by(
            "an unknown member removed",
            "memberRemove",
            &format!("id: \"user_{NOBODY}\""),
            "NOT_FOUND",
            "",
        ),
        by(
            "no e-mail",
            "invitationCreate",
            "email: \"nobody\", role: VIEWER",
            "INVALID_INPUT",
            "email",
        ),
        by(
            "an invitation to two roles",
            "invitationCreate",
            &format!("email: \"a@example.org\", role: VIEWER, customRoleId: \"role_{NOBODY}\""),
            "INVALID_INPUT",
            "role",
        ),
        by(
            "an invitation to no role of its own",
            "invitationCreate",
            "email: \"a@example.org\", role: CUSTOM",
            "INVALID_INPUT",
            "role",
        ),
        by(
            "an invitation to an unknown role",
            "invitationCreate",
            &format!("email: \"a@example.org\", customRoleId: \"role_{NOBODY}\""),
            "NOT_FOUND",
            "customRoleId",
        ),
        by(
            "an unknown invitation",
            "invitationResend",
            &format!("id: \"inv_{NOBODY}\""),
            "NOT_FOUND",
            "",
        ),
        by(
            "a token that is none",
            "invitationAccept",
            "token: \"phi_x\"",
            "INVITATION_INVALID",
            "token",
        ),
        by(
            "a key that hands over",
            "workspaceTransfer",
            &format!("personId: \"user_{NOBODY}\""),
            "INVALID_STATE",
            "",
        ),
        by_owner(
            f,
            "a key that leaves",
            "mutation { workspaceLeave { errors { code path advice } } }",
            "INVALID_STATE",
            "",
        ),
        by_owner(
            f,
            "members from both ends",
            "{ members(first: 1, last: 1) { nodes { name } } }",
            "INVALID_PAGE_SIZE",
            "last",
        ),
    ]
}
