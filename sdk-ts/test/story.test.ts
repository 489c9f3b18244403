// What a developer does with Posthaste, against the sandbox that POSTHASTE_SANDBOX names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { type TestContext, after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiError, type ClientOptions, type Connection, Posthaste, UserErrors } from '@posthaste/sdk';
import { WebSocket } from 'ws';
import { refused } from './stub.js';
import { receiver } from './receiver.js';

const PACKAGE = new URL('../../', import.meta.url);
const PICTURE = new URL('../sandbox/examples/harbor.jpg', PACKAGE);
const NETWORKS = ['FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X'];
const webSocket = WebSocket as unknown as NonNullable<ClientOptions['webSocket']>;

const editor = await Posthaste.sandbox({ webSocket });
const admin = await Posthaste.sandbox({ role: 'admin', webSocket });
/** X refuses what it read before. */
const unique = (text: string) => `${text} ${randomUUID()}`;

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
    targets: (await firstAccounts()).map(({ id }) => ({ connectionId: id })),
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

/** The account of the seed on each network. */
async function firstAccounts(): Promise<Connection[]> {
  const all = await editor.connections.list.all().toArray();
  return NETWORKS.map(
    (network) =>
      all.find((one) => one.network === network && one.username === 'harborstreet') ?? assert.fail(`none on ${network}`),
  );
}

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
  const [account] = await firstAccounts();
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
  receives.secret = secret;
  t.after(() => admin.webhooks.delete({ id: endpoint.id }));

  const { webhookDelivery } = await admin.webhooks.test({ id: endpoint.id });
  assert.deepEqual([webhookDelivery?.state, webhookDelivery?.attempts[0]?.httpStatus], ['SUCCEEDED', 204]);
  assert.equal((await receives.next()).type, 'test');

  const { post } = await editor.posts.create({ text: unique('Rye.') });
  const { type, data } = await receives.next();
  assert.deepEqual([type, data], ['post.created', { type: 'POST_CREATED', post: { id: post.id } }]);
  const { nodes } = await admin.webhookDeliveries.list({ filter: { endpointIds: [endpoint.id] } });
  assert.equal(nodes.length, 2);
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

/** Passes bytes on, until it drops all connections. */
class Proxy {
  opened = 0;
  drops = 0;
  #sockets = new Set<Socket>();

  private constructor(readonly url: string) {}

  static async open(t: TestContext, apiUrl: string): Promise<Proxy> {
    const { hostname, port } = new URL(apiUrl);
    const server: Server = createServer((inner) => {
      const outer = connect(Number(port), hostname);
      proxy.opened += 1;
      for (const [from, to] of [[inner, outer], [outer, inner]] as const) {
        proxy.#sockets.add(from);
        from.on('error', () => {}).on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new Proxy(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    t.after(() => {
      proxy.drop();
      server.close();
    });
    return proxy;
  }

  drop(): void {
    this.drops += 1;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

test('the code of the README', () => {
  const readme = readFileSync(new URL('README.md', PACKAGE), 'utf8');
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');
  const imports = blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []);
  const code = blocks.map((block) => block.replace(/^import .*\n/gm, '')).map((block) =>
    // What this loop waits for happens beside it.
    block.includes('events.follow') ? `setTimeout(() => client.posts.create({
      text: 'Rye. ${randomUUID()}', targets: [{ connectionId: accounts.nodes[0].id }], schedule: { now: true },
    }), 500);\n${block}` : block,
  );
  const file = fileURLToPath(new URL('build/readme.mjs', PACKAGE));
  writeFileSync(file, [...imports, ...code, 'client.close();'].join('\n'));
  const node = (...options: string[]) =>
    execFileSync(process.execPath, options, { cwd: fileURLToPath(new URL('.', PICTURE)), encoding: 'utf8' });
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', PACKAGE));
  const options = '--noEmit --checkJs --strict --skipLibCheck --target es2022 --module nodenext --types node';
  const types = fileURLToPath(new URL('node_modules/@types', PACKAGE));
  node(tsc, ...options.split(' '), '--typeRoots', types, file);
  const printed = node(file);
  for (const network of NETWORKS) assert.match(printed, new RegExp(`^${network} PUBLISHED http`, 'm'));
  for (const told of ['TEXT_REQUIRED', 'TARGET_PUBLISHED', '100 %', 'target.published']) {
    assert.ok(printed.includes(told), printed);
  }
});

after(() => {
  editor.close();
  admin.close();
});
