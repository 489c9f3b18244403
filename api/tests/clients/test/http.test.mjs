import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, serverAudits } from 'graphql-http';
import { ask, drafts, head, headers, url } from './server.mjs';

test('every audit of GraphQL over HTTP passes', async () => {
  const audits = serverAudits({
    url,
    fetchFn: (input, init) => fetch(input, { ...init, headers: { ...headers, ...init?.headers } }),
  });
  const results = await Promise.all(audits.map((audit) => audit.fn()));
  for (const { status, id, name, reason } of results) {
    console.log(`${status.padEnd(6)} ${id} ${name}${reason ? `: ${reason}` : ''}`);
  }
  assert(results.length >= 60, `only ${results.length} audits`);
  assert.deepEqual(
    results.filter(({ status }) => status !== 'ok').map(({ id }) => id),
    [],
  );
});

test('the reference client reads and changes', async () => {
  const client = createClient({ url, headers });
  const once = (request) =>
    new Promise((resolve, reject) => {
      let result;
      client.subscribe(request, {
        next: (value) => (result = value),
        error: reject,
        complete: () => resolve(result),
      });
    });
  const read = await once({ query: '{ viewer { kind } }' });
  assert.deepEqual(read.data, { viewer: { kind: 'KEY' } });
  const changed = await once({
    query: 'mutation($text: String) { postCreate(input: { text: $text }) { post { content { text } } } }',
    variables: { text: 'by graphql-http' },
  });
  assert.equal(changed.data.postCreate.post.content.text, 'by graphql-http');
});

test('a client that was away reads on from its cursor', async () => {
  const after = await head();
  const ids = await drafts('http 1', 'http 2', 'http 3');
  const heard = [];
  let cursor = after;
  while (heard.length < ids.length) {
    const { events } = await ask(
      'query($after: String) { events(after: $after, first: 1, types: [POST_CREATED]) { nodes { postId cursor } } }',
      { after: cursor },
    );
    for (const event of events.nodes) {
      cursor = event.cursor;
      if (ids.includes(event.postId)) heard.push(event.postId);
    }
  }
  assert.deepEqual(heard, ids);
});
