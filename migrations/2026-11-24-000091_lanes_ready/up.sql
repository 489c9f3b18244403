-- Lanes by network and by when they can be taken: what waits, and what belongs to a closed network, does not stand
-- before what can go. (The expression stands literally in the publisher's queries, crates/store/src/publish/claim.rs.)
CREATE INDEX CONCURRENTLY lanes_ready ON lanes (network, (greatest(next_due_at, blocked_until)))
    WHERE next_due_at IS NOT NULL AND worker IS NULL AND paused_at IS NULL;
