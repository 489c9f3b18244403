import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RetryInfo, TransportError, VERSION } from '@posthaste/sdk';
import { asked, json, refused, stub } from '../stub.js';

const DELETED = { data: { postDelete: { deletedId: 'post_1', errors: [], warnings: [] } } };
const VIEWER = { data: { viewer: { role: 'EDITOR' } } };
const SOON = { 'retry-after': '0' };

test('a mutation keeps its idempotency key while it is tried again', async (t) => {
  const retries: RetryInfo[] = [];
  const { client, requests } = await stub(
    t,
    (_, response, n) => (n < 2 ? json(response, 'busy', 503, SOON) : json(response, DELETED)),
    { onRetry: (retry) => retries.push(retry) },
  );
  assert.deepEqual(await client.posts.delete({ id: 'post_1' }), { deletedId: 'post_1', errors: [], warnings: [] });
  const [first, ...others] = requests.map(({ headers }) => headers['idempotency-key']);
  assert.match(String(first), /^[0-9a-f-]{36}$/);
  assert.deepEqual(others, [first, first]);
  assert.deepEqual(requests.map(({ headers }) => headers['x-retry-count']), [undefined, '1', '2']);
  assert.deepEqual(retries.map(({ operation, attempt, delay }) => [operation, attempt, delay]), [
    ['PostDelete', 1, 0],
    ['PostDelete', 2, 0],
  ]);
  await client.posts.delete({ id: 'post_1' });
  assert.notEqual(requests[3]?.headers['idempotency-key'], first);
});

test('a key of the caller is used, and queries have none', async (t) => {
  const { client, requests } = await stub(t, ({ body }, response) =>
    json(response, body.includes('mutation') ? DELETED : VIEWER),
  );
  await client.posts.delete({ id: 'post_1' }, { idempotencyKey: 'mine' });
  await client.viewer.get();
  const change = 'mutation { postDelete(input: { id: "post_1" }) { ...Gone } }';
  await client.graphql(`fragment Gone on PostDeletePayload { deletedId } ${change}`);
  const keys = requests.map(({ headers }) => headers['idempotency-key']);
  assert.deepEqual(keys.slice(0, 2), ['mine', undefined]);
  assert.ok(keys[2]);
});

test('a cut connection is tried three more times', async (t) => {
  const { client, requests } = await stub(t, (_, response) => response.destroy());
  const error = await refused(client.viewer.get(), TransportError);
  assert.deepEqual([error.reason, error.status, error.retryable], ['network', undefined, true]);
  assert.equal(requests.length, 4);
});

test('half of an answer is as good as none', async (t) => {
  const { client, requests } = await stub(t, (_, response, n) => {
    if (n > 0) return json(response, VIEWER);
    response.writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' });
    response.write('{"data":');
    setTimeout(() => response.destroy(), 20);
  });
  assert.equal((await client.viewer.get()).role, 'EDITOR');
  assert.equal(requests.length, 2);
});

test('what a repeat does not mend is not repeated', async (t) => {
  const { client, requests } = await stub(t, (_, response) => json(response, 'no', 404));
  const error = await refused(client.viewer.get(), TransportError);
  assert.deepEqual([error.reason, error.status, error.requestId], ['answer', 404, 'req_1']);
  assert.equal(requests.length, 1);
});

test('the server says how long to wait, within reason', async (t) => {
  const { client, requests } = await stub(t, (_, response, n) =>
    json(response, 'later', 429, { 'retry-after': n === 0 ? '5' : '61' }),
  );
  const stop = new AbortController();
  const delays: number[] = [];
  const onRetry = ({ delay }: RetryInfo) => {
    delays.push(delay);
    stop.abort(new Error('seen'));
  };
  await assert.rejects(client.viewer.get({ onRetry, signal: stop.signal }), { message: 'seen' });
  assert.equal(delays.length, 1);
  assert.ok((delays[0] ?? 0) >= 5000 && (delays[0] ?? 0) <= 5500, String(delays));
  const error = await refused(client.viewer.get(), TransportError);
  assert.equal(error.retryAfter, 61);
  assert.equal(requests.length, 2);
});

test('a proxy may say with a date how long to wait', async (t) => {
  const { client } = await stub(t, (_, response) =>
    json(response, 'later', 503, { 'retry-after': new Date(Date.now() + 20_000).toUTCString() }),
  );
  const stop = new AbortController();
  const seen = new Promise<number>((resolve) => {
    const onRetry = ({ delay }: RetryInfo) => {
      resolve(delay);
      stop.abort(new Error('seen'));
    };
    void client.viewer.get({ onRetry, signal: stop.signal }).catch(() => {});
  });
  const delay = await seen;
  assert.ok(delay > 10_000 && delay <= 22_000, String(delay));
});

test('one try has its time', async (t) => {
  const { client, requests } = await stub(t, (_, response, n) => {
    if (n > 0) json(response, VIEWER);
  });
  const error = await refused(client.viewer.get({ timeout: 30, retries: 0 }), TransportError);
  assert.equal(error.reason, 'timeout');
  assert.equal((await client.viewer.get({ timeout: 5000 })).role, 'EDITOR');
  assert.equal(requests.length, 2);
});

test('hooks see each answer', async (t) => {
  const { client } = await stub(t, (_, response, n) => (n ? json(response, VIEWER) : json(response, 'busy', 503, SOON)));
  const seen: unknown[] = [];
  await client.viewer.get({ onResponse: ({ status, attempts, requestId }) => seen.push([status, attempts, requestId]) });
  assert.deepEqual(seen, [[503, 1, 'req_1'], [200, 2, 'req_1']]);
});

test('an aborted call throws the reason at once', async (t) => {
  const { client, requests } = await stub(t, () => {});
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await assert.rejects(client.viewer.get({ signal: stop.signal }), { message: 'enough' });
  await assert.rejects(client.viewer.get({ signal: stop.signal }), { message: 'enough' });
  assert.equal(requests.length, 1);
});

test('hooks see requests and answers, with costs and limits', async (t) => {
  const cost = { requested: 12, actual: 7, throttle: { maximum: 1000, available: 993, restoreRate: 50 } };
  const { client, requests } = await stub(t, (_, response) =>
    json(response, { ...VIEWER, extensions: { cost } }, 200, {
      ratelimit: '"default";r=993;t=1',
      'ratelimit-policy': '"default";q=1000;w=20',
      'idempotent-replayed': 'true',
    }),
  );
  let key = 1;
  const { client: other } = { client: new (client.constructor as typeof import('@posthaste/sdk').Posthaste)({
    url: `${client.url}/`,
    key: async () => `phk_test_${(key += 1)}`,
    headers: { 'x-team': 'bread' },
    onRequest: ({ headers, operation }) => headers.set('x-operation', operation),
  }) };
  const seen: unknown[] = [];
  await other.viewer.get({ onResponse: ({ duration, ...told }) => seen.push(told, duration >= 0) });
  const meta = {
    requestId: 'req_1',
    status: 200,
    cost,
    rateLimit: { remaining: 993, reset: 1, limit: 1000 },
    replayed: true,
    attempts: 1,
  };
  assert.deepEqual(seen, [{ operation: 'ViewerGet', ...meta }, true]);
  assert.deepEqual(other.last, meta);
  const { path, headers } = requests[0] ?? assert.fail();
  assert.equal(path, '/graphql');
  assert.deepEqual(
    [headers.authorization, headers['x-team'], headers['x-operation'], headers['user-agent']],
    ['Bearer phk_test_2', 'bread', 'ViewerGet', `posthaste-sdk-ts/${VERSION} node/${process.versions.node}`],
  );
  assert.equal(asked(requests[0]).query.startsWith('query ViewerGet {'), true);
});
