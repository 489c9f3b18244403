// What a careful client does, against the sandbox that POSTHASTE_SANDBOX names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, Posthaste, type RetryInfo, textOf } from '@posthaste/sdk';
import { NetworkList } from '@posthaste/sdk/documents';
import { NETWORKS, firstAccounts, unique } from './facts.js';

test('a dry run tells what each network would get, and writes nothing', async () => {
  const editor = await Posthaste.sandbox();
  const text = unique('Rye.');
  const targets = (await firstAccounts(editor)).map(({ id }) => ({ connectionId: id }));
  const { post, dryRun } = await editor.posts.create({ text, targets, dryRun: true });
  assert.deepEqual(post.targets.map(({ network }) => network).sort(), NETWORKS);
  const told = dryRun?.renditions.map(({ connection, problems }) => [connection.network, problems[0]?.code]).sort();
  const missing = ['FACEBOOK', undefined];
  assert.deepEqual(told, [missing, ['INSTAGRAM', 'MEDIA_REQUIRED'], ['PINTEREST', 'MEDIA_REQUIRED'], ['X', undefined]]);
  assert.equal(dryRun?.renditions.find(({ connection }) => connection.network === 'X')?.text, text);
  assert.equal((await editor.posts.list({ filter: { text } })).nodes.length, 0);
  const { dryRun: none } = await editor.posts.create({ text });
  assert.equal(none, null);
});

test('whoever asks too much waits as long as the server says', async (t) => {
  const waits: RetryInfo[] = [];
  const admin = await Posthaste.sandbox({ role: 'admin' });
  // A new key has a full bucket of its own.
  const { apiKey, secret } = await admin.apiKeys.create({ name: 'Story', role: 'VIEWER' });
  t.after(() => admin.apiKeys.revoke({ id: apiKey.id }));
  const viewer = new Posthaste({ url: admin.url, key: secret, onRetry: (retry) => waits.push(retry) });
  const costly = heavy();
  for (let n = 0; n < 8 && !waits.length; n += 1) await viewer.graphql(costly);
  assert.ok(waits.length > 0);
  const [{ error, delay }] = waits as [RetryInfo];
  assert.ok(error instanceof ApiError, String(error));
  assert.deepEqual([error.code, error.status, error.retryable], ['RATE_LIMITED', 429, true]);
  assert.ok(error.retryAfter && delay >= error.retryAfter * 1000, `${delay} ms`);
  const cost = viewer.last?.cost;
  assert.ok(cost && cost.actual > 10_000 && cost.throttle.available < cost.throttle.maximum / 2, JSON.stringify(cost));
});

/** A document of which a full bucket of points holds one. */
function heavy(): string {
  const [, selection, fragments] = /networks (\{.*?\n {2}\})\n\}(.*)$/s.exec(textOf(NetworkList)) ?? assert.fail();
  const fields = Array.from({ length: 50 }, (_, n) => `a${n}: networks { ...Whole }`);
  return `query { ${fields.join(' ')} } fragment Whole on NetworkInfo ${selection} ${fragments}`;
}
