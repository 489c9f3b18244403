#!/bin/sh
# One post with one picture, on four networks, five seconds from now: with nothing but curl.
#
#   cargo xtask sandbox                        in one terminal
#   sh sandbox/examples/four-networks.sh       in another
#
# The sandbox writes down where it listens; SANDBOX_JSON names that file when it lies elsewhere.
set -eu

facts=${SANDBOX_JSON:-.posthaste/sandbox.json}
picture=$(dirname "$0")/harbor.jpg
alt='Sailing boats in the harbor at sunrise, a striped lighthouse on the right'
link='https://harborstreet.example/bread'
text="Warm bread at the harbor from seven. Batch $(date +%s)-$$"   # X refuses the same text twice.

say() { printf '%s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
fact() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$facts" | head -n 1; }
# The values of one field of a JSON answer, one a line.
values() { grep -o "\"$1\":\"[^\"]*\"" | cut -d '"' -f 4; }
# Begins a line with each JSON object whose first field is this one.
objects() { sed "s/{\"$1\":/\\
&/g"; }
# Asks a GraphQL document with variables.
graphql() {
  curl -sS "$api/graphql" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -d "{\"query\": \"$(say "$1" | tr '\n' ' ')\", \"variables\": $2}"
}

[ -r "$facts" ] || fail "$facts is not there. Start 'cargo xtask sandbox' and wait for 'Posthaste runs'."
api=$(fact apiUrl) networks=$(fact networksUrl) key=$(fact editor)

echo "1. Upload the picture."
media=$(curl -sS "$api/media" -H "Authorization: Bearer $key" -F "altText=$alt" -F "file=@$picture" | values id) ||
  fail "the upload was refused"
echo "   $media"

echo "2. Write a post for the first account of each network, due in five seconds."
targets=
for network in FACEBOOK INSTAGRAM PINTEREST X; do
  connection=$(graphql 'query($n: [Network!]) { connections(first: 1, filter: {networks: $n}) { nodes { id } } }' \
    "{\"n\": [\"$network\"]}" | values id) || fail "there is no account on $network"
  targets="$targets${targets:+, }{\"connectionId\": \"$connection\"}"
done
soon=$(($(date +%s) + 5))
due=$(date -u -d "@$soon" +%FT%TZ 2> /dev/null || date -u -r "$soon" +%FT%TZ)   # GNU, else BSD
created=$(graphql 'mutation($input: PostCreateInput!) {
    postCreate(input: $input) { post { id status } errors { code message path advice } }
  }' "{\"input\": {
    \"text\": \"$text\", \"link\": \"$link\", \"media\": [{\"id\": \"$media\"}],
    \"targets\": [$targets], \"schedule\": {\"at\": \"$due\"}
  }}")
post=$(say "$created" | values id) || fail "the post was refused: $created"
echo "   $post is due at $due"

echo "3. Follow it."
while :; do
  now=$(graphql 'query($id: ID!) { post(id: $id) { targets { network state permalink } } }' "{\"id\": \"$post\"}")
  states=$(say "$now" | values state | tr '\n' ' ')
  echo "   $(date -u +%T)  $states"
  [ "$states" = "PUBLISHED PUBLISHED PUBLISHED PUBLISHED " ] && break
  [ "$(date +%s)" -lt $((soon + 15)) ] || fail "not all published 15 seconds after the due time: $now"
  sleep 1
done

echo "4. Open the four posts."
for permalink in $(say "$now" | values permalink); do
  status=$(curl -sS -o /dev/null -w '%{http_code}' "$permalink")
  echo "   $status $permalink"
  [ "$status" = 200 ] || fail "$permalink does not open"
done

echo "5. Look at the walls: four posts, each with its text, picture, alt text and link."
walls=$(curl -sS "$networks/log" | objects seq | grep -F "\"text\":\"$text") || fail "nothing appeared on the walls"
[ "$(say "$walls" | wc -l)" -eq 4 ] || fail "not exactly four posts: $walls"
for network in FACEBOOK INSTAGRAM PINTEREST X; do
  wall=$(say "$walls" | grep -F "\"network\":\"$network\"") || fail "nothing on $network"
  say "$wall" | grep -qF "\"altText\":\"$alt\"" || fail "no picture with its alt text on $network: $wall"
  say "$wall" | grep -qF "$link" || fail "no link on $network: $wall"
  say "   $network shows $(say "$wall" | values text)"
done

echo "6. Read what happened to the post, in order."
events() {   # "time type network" of each event of our post; the log comes in pages.
  after=null
  while [ "$after" ]; do
    page=$(graphql 'query($after: String) { events(first: 100, after: $after) {
        nodes { at connection { network } postId type } pageInfo { endCursor hasNextPage }
      } }' "{\"after\": $after}")
    say "$page" | objects at | grep -F "\"postId\":\"$post\"" | while read -r event; do
      say "$(say "$event" | values at) $(say "$event" | values type) $(say "$event" | values network)"
    done
    after=$(say "$page" | sed -n 's/.*"endCursor":\("[^"]*"\),"hasNextPage":true.*/\1/p')
  done
}
story=$(events)
say "$story" | sed 's/^/   /'
for network in FACEBOOK INSTAGRAM PINTEREST X; do
  steps=$(say "$story" | sed -n "s/^[^ ]* TARGET_\([A-Z]*\) $network$/\1/p" | tr '\n' ' ')
  [ "$steps" = "SCHEDULED CLAIMED SENDING PUBLISHED " ] || fail "the events of $network tell another story: $steps"
done
echo "Done: one post, four networks, each exactly once."
