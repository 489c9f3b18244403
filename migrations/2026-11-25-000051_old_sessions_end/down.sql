-- Ended sessions stay ended.
SELECT 1;
