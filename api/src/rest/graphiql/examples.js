"use strict";

// The tabs of a first visit. Each runs as it stands, with a key.
const EXAMPLES = [
  {
    query: `# Who am I, and what may I do?
# Needs an API key in "Headers" below.
query Viewer {
  viewer {
    role
    permissions
    workspace { id name timeZone }
  }
}
`,
  },
  {
    query: `# The accounts that posts can go to.
query Connections($first: Int!) {
  connections(first: $first) {
    totalCount
    nodes { id network name status }
  }
}
`,
    variables: { first: 10 },
  },
  {
    query: `# Writes a draft. To publish, add this to the
# input below, with an id of the tab Connections:
# "targets": [{ "connectionId": "…" }],
# "schedule": { "now": true }
mutation PostCreate($input: PostCreateInput!) {
  postCreate(input: $input) {
    post {
      id
      status
      content { text }
      targets { network state permalink }
    }
    errors { code path message advice }
    warnings { code path message }
  }
}
`,
    variables: { input: { text: "Warm bread at the harbor from seven." } },
  },
  {
    query: `# What happens from now on: run this, then
# create a post in another window.
subscription Events {
  events {
    at
    type
    postId
    targetId
    connectionId
    data
    cursor
  }
}
`,
  },
];
