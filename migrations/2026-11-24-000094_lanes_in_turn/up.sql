-- Lanes by network and turn. (The expression stands literally in the publisher's queries, crates/store/src/publish/claim.rs.)
CREATE INDEX CONCURRENTLY lanes_in_turn ON lanes (network, (in_turn(greatest(next_due_at, blocked_until), turn)))
    WHERE next_due_at IS NOT NULL AND worker IS NULL AND paused_at IS NULL;
