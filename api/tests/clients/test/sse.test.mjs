import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { draft, drafts, head, headers, url, wire } from './server.mjs';

const EVENTS = 'subscription($after: String) { events(after: $after, types: [POST_CREATED]) { postId } }';

function connect(t, options = {}) {
  const client = createClient({ url, headers, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

async function all(results) {
  const list = [];
  for await (const result of results) list.push(result);
  return list;
}

test('a query, a mutation and a mistake', async (t) => {
  const client = connect(t);
  const read = await all(client.iterate({ query: '{ viewer { kind } }' }));
  assert.deepEqual(read.map((answer) => answer.data), [{ viewer: { kind: 'KEY' } }]);
  const [made] = await all(
    client.iterate({ query: 'mutation { postCreate(input: { text: "by graphql-sse" }) { post { id } errors { code } } }' }),
  );
  assert.deepEqual(made.data.postCreate.errors, []);
  const [mistake] = await all(client.iterate({ query: '{ nothing }' }));
  assert.equal(mistake.errors[0].extensions.code, 'BAD_REQUEST');
});

test('a credential that is not valid is refused with 401', async (t) => {
  const client = connect(t, { headers: { authorization: 'Bearer phk_test_unknown' } });
  await assert.rejects(all(client.iterate({ query: '{ viewer { kind } }' })), (error) => {
    assert.equal(error.response.status, 401);
    return true;
  });
});

test('after a cut connection Last-Event-ID goes on, nothing is missed and nothing comes twice', async (t) => {
  const line = await wire();
  t.after(() => line.close());
  // The client reconnects by itself with the document as it was; the ids are the stream's own.
  let lastId;
  const sentIds = [];
  const client = connect(t, {
    url: line.url,
    retryAttempts: 5,
    retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
    headers: () => {
      sentIds.push(lastId);
      return lastId ? { ...headers, 'last-event-id': lastId } : headers;
    },
    fetchFn: async (input, init) => {
      const response = await fetch(input, init);
      return new Response(response.body.pipeThrough(ids((id) => (lastId = id))), response);
    },
  });
  const after = await head();
  const expected = await drafts('sse 1', 'sse 2');
  const heard = [];
  for await (const { data } of client.iterate({ query: EVENTS, variables: { after } })) {
    if (!expected.includes(data.events.postId)) continue;
    heard.push(data.events.postId);
    if (heard.length === 2) expected.push(await draft('sse 3, live'));
    if (heard.length === 3) {
      line.cut();
      expected.push(...(await drafts('sse 4, while away', 'sse 5, while away')));
    }
    if (heard.length === 5) expected.push(await draft('sse 6, live again'));
    if (heard.length === 6) break;
  }
  assert.deepEqual(heard, expected);
  assert(sentIds.length >= 2 && sentIds[0] === undefined && sentIds.at(-1), 'it did not resume');
});

/** Passes a stream on and tells the ids in it. */
function ids(tell) {
  const decoder = new TextDecoder();
  let rest = '';
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.startsWith('id:')) tell(line.slice(3).trim());
      controller.enqueue(chunk);
    },
  });
}
