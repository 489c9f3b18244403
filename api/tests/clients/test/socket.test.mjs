import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { draft, drafts, head, headers, socketUrl, wire } from './server.mjs';

const QUERY = '{ viewer { kind } }';
const EVENTS = 'subscription($after: String, $post: ID) { events(after: $after, types: [POST_CREATED], postId: $post) { cursor postId } }';

/** The reference client; ends with the test. */
function connect(t, options = {}) {
  const client = createClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: 0,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

async function first(iterator) {
  const { value } = await iterator.next();
  await iterator.return?.();
  return value;
}

test('a query, a mutation and a mistake', async (t) => {
  const client = connect(t);
  const read = await first(client.iterate({ query: QUERY }));
  assert.deepEqual(read.data, { viewer: { kind: 'KEY' } });
  const made = await first(
    client.iterate({ query: 'mutation { postCreate(input: { text: "by graphql-ws" }) { post { id } errors { code } } }' }),
  );
  assert.deepEqual(made.data.postCreate.errors, []);
  await assert.rejects(first(client.iterate({ query: '{ nothing }' })), (errors) => {
    assert.equal(errors[0].extensions.code, 'BAD_REQUEST');
    return true;
  });
});

test('a mutation with a key is done once', async (t) => {
  const client = connect(t);
  const request = {
    query: 'mutation { postCreate(input: { text: "once" }) { post { id } } }',
    extensions: { idempotencyKey: crypto.randomUUID() },
  };
  const one = await first(client.iterate(request));
  const two = await first(client.iterate(request));
  assert.deepEqual(one.data, two.data);
  assert.deepEqual(two.extensions.idempotency, { replayed: true });
});

test('both sides answer pings', async (t) => {
  let pong;
  const heard = new Promise((resolve) => (pong = resolve));
  const client = connect(t, {
    keepAlive: 50,
    on: { pong: (received) => received && pong() },
  });
  const events = client.iterate({ query: EVENTS });
  events.next().catch(() => {});
  await heard;

  const socket = await raw(t);
  socket.send({ type: 'ping' });
  assert.deepEqual(await socket.hear(), { type: 'pong' });
});

test('after a cut connection nothing is missed and nothing comes twice', async (t) => {
  const line = await wire();
  t.after(() => line.close());
  const expected = [];
  const heard = [];
  let after = await head();
  expected.push(...(await drafts('ws 1', 'ws 2')));
  while (heard.length < 6) {
    const client = connect(t, { url: line.socketUrl });
    try {
      for await (const { data } of client.iterate({ query: EVENTS, variables: { after } })) {
        after = data.events.cursor;
        if (!expected.includes(data.events.postId)) continue;
        heard.push(data.events.postId);
        if (heard.length === 2) expected.push(await draft('ws 3, live'));
        if (heard.length === 3) {
          line.cut();
          expected.push(...(await drafts('ws 4, while away', 'ws 5, while away')));
        }
        if (heard.length === 5) expected.push(await draft('ws 6, live again'));
        if (heard.length === 6) break;
      }
    } catch (error) {
      assert.equal(error.code, 1006, String(error));
    }
  }
  assert.deepEqual(heard, expected);
});

test('a credential that is not valid is closed with 4403', async (t) => {
  const client = connect(t, { connectionParams: { authorization: 'Bearer phk_test_unknown' } });
  await assert.rejects(first(client.iterate({ query: QUERY })), { code: 4403 });
});

/** A socket without a client, for what the reference client never does. */
async function raw(t, { init = true } = {}) {
  const socket = new WebSocket(socketUrl, 'graphql-transport-ws');
  t.after(() => socket.terminate());
  const inbox = [];
  let wake = () => {};
  socket.on('message', (text) => {
    inbox.push(JSON.parse(text));
    wake();
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  const client = {
    closed,
    text: (text) => socket.send(text),
    send: (message) => socket.send(JSON.stringify(message)),
    async hear() {
      while (inbox.length === 0) await new Promise((resolve) => (wake = resolve));
      return inbox.shift();
    },
  };
  if (init) {
    client.send({ type: 'connection_init', payload: headers });
    assert.deepEqual(await client.hear(), { type: 'connection_ack' });
  }
  return client;
}

const subscribe = { id: '1', type: 'subscribe', payload: { query: EVENTS } };

test('messages that make no sense are closed with 4400', async (t) => {
  for (const text of ['{', '{"type":"dance"}', '{"type":"subscribe","id":"1"}', '[]']) {
    const socket = await raw(t);
    socket.text(text);
    assert.equal(await socket.closed, 4400, text);
  }
});

test('an operation before the handshake is closed with 4401', async (t) => {
  const socket = await raw(t, { init: false });
  socket.send(subscribe);
  assert.equal(await socket.closed, 4401);
});

test('silence is closed with 4408', async (t) => {
  const socket = await raw(t, { init: false });
  assert.equal(await socket.closed, 4408);
});

test('an id in use is closed with 4409', async (t) => {
  const socket = await raw(t);
  socket.send(subscribe);
  socket.send(subscribe);
  assert.equal(await socket.closed, 4409);
});

test('a second handshake is closed with 4429', async (t) => {
  const socket = await raw(t);
  socket.send({ type: 'connection_init' });
  assert.equal(await socket.closed, 4429);
});
