ALTER TABLE workspaces DROP COLUMN second_factor_required;
