// What a developer does with Posthaste, against the sandbox that POSTHASTE_SANDBOX names.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { ApiError, Posthaste, UserErrors } from '@posthaste/sdk';
import { refused } from '../stub.js';
import { NETWORKS, PICTURE, firstAccounts, unique, webSocket } from './facts.js';
import { Proxy } from './proxy.js';
import { receiver } from './receiver.js';

const editor = await Posthaste.sandbox({ webSocket });
const admin = await Posthaste.sandbox({ role: 'admin', webSocket });

test('connect an account: ask, click on the network\u2019s page, choose', async () => {
  const { apiUrl, networksUrl } = editor.facts;
  const made = await fetch(`${networksUrl}/control/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ network: 'X', count: 1 }),
  });
  const listed = (await (await fetch(`${networksUrl}/control/accounts?network=X`)).json()) as unknown;
  assert.ok(made.ok, JSON.stringify(listed));
  const account = newest(listed);

  const { authorizeUrl, grant } = await admin.connections.authorize({ network: 'X' });
  assert.equal(grant.status, 'PENDING');
  const clicked = await fetch(authorizeUrl, {
    method: 'POST',
    body: new URLSearchParams({ decision: 'allow', account }),
    redirect: 'follow',
  });
  assert.equal(clicked.status, 200);
  assert.ok(clicked.url.startsWith(apiUrl), clicked.url);

  const ready = await admin.connections.grant(grant.id);
  assert.deepEqual([ready.status, ready.accounts.map(({ id }) => id)], ['READY', [account]]);
  const { connections } = await admin.connections.create({ grantId: grant.id, accountIds: [account] });
  const [connection] = connections;
  assert.deepEqual([connection?.network, connection?.remoteId, connection?.status], ['X', account, 'ACTIVE']);
});

/** The id of the account that was made last. */
function newest(listed: unknown): string {
  const accounts = (Array.isArray(listed) ? listed : Object.values(listed as object)[0]) as { id: string }[];
  return accounts.at(-1)?.id ?? assert.fail('no account');
}

test('upload, schedule to four networks, follow to published', async () => {
  const progress: number[] = [];
  const media = await editor.media.upload(await readFile(PICTURE), {
    fileName: 'harbor.jpg',
    altText: 'Sailing boats in the harbor at sunrise',
    partSize: 40_000,
    onProgress: ({ sent, total }) => progress.push(sent / total),
  });
  assert.deepEqual([media.status, media.contentType], ['READY', 'image/jpeg']);
  assert.ok(progress.length > 2 && progress[0] === 0 && progress.at(-1) === 1, String(progress));

  const text = unique('Warm bread at the harbor from seven.');
  const { post } = await editor.posts.create({
    text,
    media: [{ id: media.id }],
    targets: (await firstAccounts(editor)).map(({ id }) => ({ connectionId: id })),
    schedule: { at: new Date(Date.now() + 2000).toISOString() },
  });
  assert.equal(post.status, 'SCHEDULED');
  const states = new Map<string, string[]>();
  for await (const { target } of editor.targets.follow({ postId: post.id })) {
    states.set(target.network, [...(states.get(target.network) ?? []), target.state]);
  }
  assert.deepEqual([...states.keys()].sort(), NETWORKS);
  for (const [network, seen] of states) {
    assert.deepEqual([seen[0], seen.at(-1)], ['SCHEDULED', 'PUBLISHED'], `${network}: ${seen}`);
  }
  const published = await editor.posts.get(post.id);
  assert.equal(published.status, 'PUBLISHED');
  for (const { permalink } of published.targets) assert.equal((await fetch(permalink ?? '')).status, 200);
  const wall = await (await fetch(`${editor.facts.networksUrl}/log`)).text();
  assert.equal(wall.split(text).length - 1, 4);
});

test('list with paging', async () => {
  const word = randomUUID();
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) made.push((await editor.posts.create({ text: `${word} ${n}` })).post.id);
  const filter = { text: word };
  const pages: string[][] = [];
  for await (const { nodes } of editor.posts.list.all({ filter, first: 2, orderBy: 'CREATED_AT_ASC' }).pages()) {
    pages.push(nodes.map(({ id }) => id));
  }
  assert.deepEqual(pages, [made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
  const backwards = await editor.posts.list.all({ filter, last: 2, orderBy: 'CREATED_AT_ASC' }).toArray();
  assert.deepEqual(backwards.map(({ id }) => id), [...made].reverse());
  assert.equal((await editor.posts.list({ filter, first: 1, withTotal: true })).totalCount, 5);
  for (const id of made) assert.equal((await editor.posts.delete({ id })).deletedId, id);
});

test('handle a typed error', async () => {
  const [account] = await firstAccounts(editor);
  const input = { text: 'a', targets: [{ connectionId: account?.id ?? '' }], schedule: { localTime: 'x', timeZone: 'y' } };
  const odd = await refused(editor.posts.create(input), ApiError);
  assert.equal(odd.code, 'INVALID_INPUT');
  const long = { text: 'a'.repeat(70_000), targets: [{ connectionId: account?.id ?? '' }], schedule: { now: true } };
  const mistakes = await refused(editor.posts.create(long), UserErrors);
  assert.ok(mistakes.has('TEXT_TOO_LONG'), mistakes.message);
  assert.ok(mistakes.errors.every(({ advice, docsUrl }) => advice && docsUrl.startsWith('http')));
  const { post, errors } = await editor.posts.create(long, { throwOnErrors: false });
  assert.deepEqual([post, errors.length], [null, mistakes.errors.length]);
  const missing = await refused(editor.posts.get('post_01h455vb4pex5vsknk084sn02q'), ApiError);
  assert.deepEqual([missing.code, missing.retryable], ['NOT_FOUND', false]);
  assert.match(missing.requestId ?? '', /^req_/);
  const viewer = await Posthaste.sandbox({ role: 'viewer' });
  assert.equal((await refused(viewer.posts.create({ text: 'a' }), UserErrors)).code, 'FORBIDDEN');
});

test('a mutation that is repeated happens once', async () => {
  const idempotencyKey = randomUUID();
  const input = { text: unique('Rye.') };
  const first = await editor.posts.create(input, { idempotencyKey });
  assert.equal(editor.last?.replayed, false);
  const again = await editor.posts.create(input, { idempotencyKey });
  assert.deepEqual([again.post.id, editor.last?.replayed], [first.post.id, true]);
  const other = await refused(editor.posts.create({ text: 'Another.' }, { idempotencyKey }), ApiError);
  assert.equal(other.code, 'IDEMPOTENCY_MISMATCH');
  await editor.posts.delete({ id: first.post.id });
});

test('verify a webhook', { timeout: 20_000 }, async (t) => {
  const receives = await receiver(t);
  const { webhookEndpoint: endpoint, secret } = await admin.webhooks.create({
    url: receives.url,
    eventTypes: ['POST_CREATED'],
    document: 'subscription { events { type post { id } } }',
  });
  receives.secrets = [secret];
  t.after(() => admin.webhooks.delete({ id: endpoint.id }));

  const { webhookDelivery } = await admin.webhooks.test({ id: endpoint.id });
  assert.deepEqual([webhookDelivery?.state, webhookDelivery?.attempts[0]?.httpStatus], ['SUCCEEDED', 204]);
  assert.equal((await receives.next()).type, 'test');

  const { post } = await editor.posts.create({ text: unique('Rye.') });
  const { type, data } = await receives.next();
  assert.deepEqual([type, data], ['post.created', { type: 'POST_CREATED', post: { id: post.id } }]);

  const rotated = await admin.webhooks.rotateSecret({ id: endpoint.id });
  receives.secrets = [rotated.secret, secret];
  await editor.posts.create({ text: unique('Rye.') });
  assert.equal((await receives.next()).sequence, 3);
  const { nodes } = await admin.webhookDeliveries.list({ filter: { endpointIds: [endpoint.id] } });
  assert.equal(nodes.length, 3);
});

for (const [way, choice] of Object.entries({ 'a WebSocket': webSocket, 'server-sent events': false as const })) {
  test(`resume after a dropped connection, over ${way}`, async (t) => {
    const proxy = await Proxy.open(t, editor.facts.apiUrl);
    const client = await Posthaste.sandbox({ webSocket: choice });
    const follower = new Posthaste({ url: proxy.url, key: client.facts.keys['viewer'] ?? '', webSocket: choice });
    t.after(() => follower.close());
    const write = async () => (await editor.posts.create({ text: unique('Rye.') })).post.id;
    const from = (await editor.events.head()).eventsCursor;
    const made: string[] = [];
    const seen: (string | null)[] = [];
    const breaks = new Set([2, 5]);
    made.push(await write(), await write(), await write());
    for await (const { postId } of follower.events.follow({ after: from, types: ['POST_CREATED'] })) {
      seen.push(postId);
      if (breaks.delete(seen.length)) {
        proxy.drop();
        made.push(await write(), await write());
      }
      if (seen.length === 7) break;
    }
    assert.deepEqual(seen, made);
    assert.ok(proxy.drops === 2 && proxy.opened >= 3, `${proxy.opened} connections`);
    for (const id of made) await editor.posts.delete({ id });
  });
}

after(() => {
  editor.close();
  admin.close();
});
