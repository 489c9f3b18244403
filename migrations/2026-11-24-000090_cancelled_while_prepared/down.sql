DELETE FROM target_transitions WHERE from_state = 'CLAIMED' AND to_state = 'CANCELLED';
