-- Which lines wait, and why: for those who watch.
CREATE INDEX CONCURRENTLY lanes_waiting ON lanes (blocked_until, block_reason) WHERE blocked_until IS NOT NULL;
