DELETE FROM target_transitions WHERE from_state = 'RECONCILING' AND to_state = 'FAILED';
