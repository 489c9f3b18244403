-- The lines there are get their turns.
UPDATE lanes l SET turn = least((numbered.number - 1) * 4, 60000)
FROM (SELECT connection_id, row_number() OVER (PARTITION BY workspace_id, network ORDER BY connection_id) AS number FROM lanes) numbered
WHERE l.connection_id = numbered.connection_id AND numbered.number > 1;
