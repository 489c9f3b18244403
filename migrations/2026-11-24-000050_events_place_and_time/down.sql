DROP INDEX CONCURRENTLY events_place_and_time;
