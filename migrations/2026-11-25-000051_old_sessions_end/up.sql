-- Sessions of the version before live 30 days on one token that is never changed. They end with the update: people
-- sign in again. (So do those that a node of that version opens while it still runs.)
DELETE FROM sessions WHERE salt IS NULL;
