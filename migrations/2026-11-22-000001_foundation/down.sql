DROP TABLE nodes, network_states, steps, attempts, targets, target_transitions, lanes, post_media, posts, renditions,
    media, grants, connections, events, event_heads, sessions, api_keys, members, workspaces, users;
DROP FUNCTION refuse_unknown_transition, refuse_illegal_birth;
