DROP INDEX CONCURRENTLY targets_to_look_at;
