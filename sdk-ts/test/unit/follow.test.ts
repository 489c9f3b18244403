import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ApiError, type ClientOptions, type RetryInfo, TransportError } from '@posthaste/sdk';
import { WebSocket, WebSocketServer } from 'ws';
import { asked, json, refused, stub } from '../stub.js';

const QUIET = { onRetry: () => {} };

const event = (n: number) => ({ data: { events: { id: `evt_${n}`, cursor: String(n), type: 'POST_CREATED' } } });

/** The first items of an iterator, which is ended then. */
async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

const cursors = (events: { cursor: string }[]) => events.map(({ cursor }) => cursor);

/** A log of five events over server-sent events; of the first streams one breaks and one ends after two. */
function log(t: TestContext) {
  const breaks = { left: 2 };
  return stub(t, (seen, response) => {
    if (seen.body.includes('eventsCursor')) return json(response, { data: { workspace: { eventsCursor: '0' } } });
    const start = Number(asked(seen).variables['after']);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let n = start + 1; n <= 5; n += 1) {
      if (n === start + 3 && breaks.left) {
        breaks.left -= 1;
        if (breaks.left) return void setTimeout(() => response.destroy(), 10);
        return void response.end('event: complete\ndata:\n\n');
      }
      send(response, event(n));
    }
  });
}

/** An event in two pieces, with a comment and the line ends of a strange proxy. */
function send(response: ServerResponse, answer: unknown): void {
  const text = `:\n\nevent: next\r\ndata: ${JSON.stringify(answer)}\n\n`;
  response.write(text.slice(0, 25));
  response.write(text.slice(25));
}

test('over server-sent events a broken stream goes on behind its last event', async (t) => {
  const { client, requests } = await log(t);
  assert.deepEqual(cursors(await take(client.events.follow({}, QUIET), 5)), ['1', '2', '3', '4', '5']);
  const streams = requests.filter(({ headers }) => headers.accept === 'text/event-stream');
  assert.deepEqual(streams.map((seen) => asked(seen).variables['after']), ['0', '2', '4']);
  assert.equal(requests.length, 4);
});

test('with a cursor of its own the log is not asked for its end', async (t) => {
  const { client, requests } = await log(t);
  assert.deepEqual(cursors(await take(client.events.follow({ after: '3' }), 2)), ['4', '5']);
  assert.equal(requests.length, 1);
});

test('the present may come again, an event does not', async (t) => {
  const progress = (cursor: string, event: unknown) => ({ data: { targetProgress: { cursor, event, target: {} } } });
  const { client, requests } = await stub(t, (_, response, n) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    send(response, progress('7', n < 2 ? null : { id: 'evt_9' }));
    if (n === 1) send(response, progress('8', { id: 'evt_8' }));
    if (n < 2) return void setTimeout(() => response.destroy(), 10);
    response.end('event: complete\ndata:\n\n');
  });
  const seen = await take(client.targets.follow({ postId: 'post_1' }), 9);
  assert.deepEqual(cursors(seen), ['7', '7', '8', '7']);
  assert.deepEqual(requests.map((request) => asked(request).variables), [
    { postId: 'post_1' },
    { postId: 'post_1' },
    { postId: 'post_1', after: '8' },
  ]);
});

test('a refusal ends a stream, and so does the caller', async (t) => {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { client, requests } = await stub(t, (_, response, n) => {
    if (n > 0) return response.on('close', end).writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    json(response, { errors: [{ message: 'No.', extensions: { code: 'FORBIDDEN', retryable: false } }] }, 403);
  });
  const error = await refused(take(client.events.follow({ after: '1' }), 1), ApiError);
  assert.equal(error.code, 'FORBIDDEN');
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 30);
  await assert.rejects(take(client.events.follow({ after: '1' }, { signal: stop.signal }), 1), { message: 'enough' });
  assert.equal(requests.length, 2);
  await ended;
});

const THROTTLED = { message: 'Wait.', extensions: { code: 'RATE_LIMITED', retryable: true, retryAfter: 0.1 } };

test('whoever follows too much waits as long as the server says', async (t) => {
  const { client, requests } = await stub(t, (_, response, n) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    send(response, n === 0 ? { errors: [THROTTLED] } : event(1));
    if (n === 0) response.end('event: complete\ndata:\n\n');
  });
  const delays: number[] = [];
  const onRetry = ({ delay }: RetryInfo) => delays.push(delay);
  assert.deepEqual(cursors(await take(client.events.follow({ after: '0' }, { onRetry }), 1)), ['1']);
  assert.equal(requests.length, 2);
  assert.ok(delays.length === 1 && delays[0] && delays[0] >= 100 && delays[0] <= 110, String(delays));
});

test('a server that was never there is given up', async (t) => {
  const { client, server } = await stub(t, () => {}, { retries: 0 });
  server.close();
  const error = await refused(take(client.events.follow({ after: '1' }, { retries: 1 }), 1), TransportError);
  assert.equal(error.reason, 'network');
});

/** Speaks graphql-transport-ws; `serve` gets each subscription. */
async function sockets(
  t: TestContext,
  serve: (socket: WebSocket, after: unknown, n: number, send: (payload: unknown, type?: string) => void) => void,
) {
  const webSocket = WebSocket as unknown as NonNullable<ClientOptions['webSocket']>;
  const { client, server } = await stub(t, () => {}, { webSocket });
  const keys: unknown[] = [];
  const ended: string[] = [];
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
  let subscriptions = 0;
  sockets.on('connection', (socket) =>
    socket.on('message', (text) => {
      const message = JSON.parse(String(text));
      if (message.type === 'connection_init') {
        keys.push(message.payload.authorization);
        socket.send('{"type":"connection_ack"}');
      } else if (message.type === 'subscribe') {
        const send = (payload: unknown, type = 'next') => socket.send(JSON.stringify({ type, id: message.id, payload }));
        serve(socket, message.payload.variables.after, subscriptions++, send);
      } else if (message.type === 'complete') ended.push(message.id);
    }),
  );
  t.after(() => sockets.close());
  return { client, keys, ended };
}

test('over a WebSocket a broken connection goes on behind its last event', async (t) => {
  const asked: unknown[] = [];
  const { client, keys, ended } = await sockets(t, (socket, after, n, send) => {
    asked.push(after);
    const start = Number(after);
    for (let next = start + 1; next <= start + 2; next += 1) send(event(next));
    if (n === 0) setTimeout(() => socket.terminate(), 10);
    if (n === 1) setTimeout(() => socket.close(1012, 'Service restart'), 10);
  });
  assert.deepEqual(cursors(await take(client.events.follow({ after: '0' }), 5)), ['1', '2', '3', '4', '5']);
  assert.deepEqual(asked, ['0', '2', '4']);
  assert.deepEqual(keys, Array(3).fill('Bearer phk_test_1'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(ended.length, 1);
});

test('a closed door over a WebSocket is an ApiError', async (t) => {
  const { client } = await sockets(t, (socket, _, n, send) => {
    if (n === 0) socket.close(4403, 'Forbidden');
    else send({ errors: [{ message: 'No.', extensions: { code: 'INVALID_CURSOR', retryable: false } }] });
  });
  const error = await refused(take(client.events.follow({ after: '0' }), 1), ApiError);
  assert.deepEqual([error.code, error.message], ['UNAUTHENTICATED', 'UNAUTHENTICATED: Forbidden']);
  assert.equal((await refused(take(client.events.follow({ after: '0' }), 1), ApiError)).code, 'INVALID_CURSOR');
});

test('whoever follows too much over a WebSocket waits', async (t) => {
  const { client } = await sockets(t, (_socket, _after, n, send) => {
    if (n === 0) send([THROTTLED], 'error');
    else send(event(1));
  });
  const delays: number[] = [];
  const onRetry = ({ delay }: RetryInfo) => delays.push(delay);
  assert.deepEqual(cursors(await take(client.events.follow({ after: '0' }, { onRetry }), 1)), ['1']);
  assert.ok(delays.length === 1 && delays[0] && delays[0] >= 100, String(delays));
});

test('an aborted subscription over a WebSocket ends at once', async (t) => {
  const { client, ended } = await sockets(t, () => {});
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await assert.rejects(take(client.events.follow({ after: '0' }, { signal: stop.signal }), 1), { message: 'enough' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(ended.length, 1);
});
