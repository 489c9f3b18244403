import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as sdk from '@posthaste/sdk';
import * as documents from '@posthaste/sdk/documents';
import * as webhooks from '@posthaste/sdk/webhooks';

const load = createRequire(import.meta.url);

test('the version is the package\u2019s', () => {
  assert.equal(sdk.VERSION, load('@posthaste/sdk/package.json').version);
});

test('CommonJS has what modules have', async () => {
  assert.deepEqual(Object.keys(load('@posthaste/sdk')).sort(), Object.keys(sdk).sort());
  assert.deepEqual(Object.keys(load('@posthaste/sdk/webhooks')).sort(), Object.keys(webhooks).sort());
  const { Posthaste } = load('@posthaste/sdk') as typeof sdk;
  await assert.rejects(Posthaste.sandbox({ path: '/nowhere/sandbox.json' }), /There is no sandbox.json at/);
});

test('documents are sent as the manifest has them', () => {
  const file = new URL('../../../../api/operations/manifest.json', import.meta.url);
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const hashes = Object.values(documents).map((document) =>
    createHash('sha256').update(sdk.textOf(document)).digest('hex'),
  );
  assert.deepEqual(hashes.sort(), Object.keys(manifest).sort());
});

test('nothing of Node is imported where browsers would look for it', () => {
  const folder = new URL('../../../dist/esm/', import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    assert.doesNotMatch(readFileSync(new URL(file, folder), 'utf8'), /from 'node:|require\(/, file);
  }
});
