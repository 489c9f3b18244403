-- What was checked needs no step back.
SELECT 1;
