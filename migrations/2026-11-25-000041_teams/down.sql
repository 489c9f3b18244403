DROP FUNCTION team_roles(uuid, uuid);
DROP TABLE team_members;
DROP TABLE teams;
