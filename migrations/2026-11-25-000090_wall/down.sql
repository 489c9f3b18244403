DROP PROCEDURE open_wall(text[]);
DROP PROCEDURE wall_off(text[]);
DROP FUNCTION current_workspace();
