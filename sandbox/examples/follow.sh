#!/bin/sh
# Publishes a post at once and follows it live: a GraphQL subscription over server-sent events, with curl.
#
#   cargo xtask sandbox                   in one terminal
#   sh sandbox/examples/follow.sh         in another
#
# Each `data:` line is one GraphQL result. The stream ends by itself when nothing more happens. Somebody
# who was away goes on where they were: targetProgress(…, after: "the last cursor they saw").
set -eu

facts=${SANDBOX_JSON:-.posthaste/sandbox.json}
[ -r "$facts" ] || { echo "FAILED: $facts is not there. Start 'cargo xtask sandbox' first." >&2; exit 1; }
fact() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$facts" | head -n 1; }
values() { grep -o "\"$1\":\"[^\"]*\"" | cut -d '"' -f 4; }
# Sends a GraphQL request, which is JSON; more arguments go to curl.
graphql() {
  request=$1 && shift
  curl -sS "$(fact apiUrl)/graphql" -H "Authorization: Bearer $(fact editor)" \
    -H 'Content-Type: application/json' -d "$request" "$@"
}

connection=$(graphql '{"query": "{ connections(first: 1, filter: {networks: [X]}) { nodes { id } } }"}' | values id)

post=$(graphql '{
  "query": "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } errors { message } } }",
  "variables": { "input": {
    "text": "The last loaves of the day are half price. '"$(date +%s)-$$"'",
    "targets": [{ "connectionId": "'"$connection"'" }],
    "schedule": { "now": true }
  } }
}' | values id)

graphql '{
  "query": "subscription($post: ID!) { targetProgress(postId: $post) { event { type } target { network state permalink } cursor } }",
  "variables": { "post": "'"$post"'" }
}' -N --max-time 30 -H 'Accept: text/event-stream' | grep --line-buffered '^data: {'

# What the stream said was not a snapshot only: the post is there.
graphql '{
  "query": "query($post: ID!) { post(id: $post) { status targets { permalink } } }",
  "variables": { "post": "'"$post"'" }
}' | grep '"status":"PUBLISHED"'
