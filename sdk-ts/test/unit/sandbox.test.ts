import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Posthaste, PosthasteError } from '@posthaste/sdk';
import { refused } from '../stub.js';

const FACTS = { apiUrl: 'http://127.0.0.1:4000', networksUrl: 'http://127.0.0.1:4100', keys: { editor: 'phk_test_1' } };

test('the sandbox is found in a folder above, by the variable, or at a path', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'posthaste-sdk-'));
  const home = process.cwd();
  t.after(() => {
    process.chdir(home);
    delete process.env['POSTHASTE_SANDBOX'];
    rmSync(root, { recursive: true });
  });
  for (const folder of ['one/.posthaste', 'one/a/b', 'two']) mkdirSync(join(root, folder), { recursive: true });
  const file = join(root, 'one/.posthaste/sandbox.json');
  writeFileSync(file, JSON.stringify(FACTS));

  process.chdir(join(root, 'one/a/b'));
  const client = await Posthaste.sandbox();
  assert.deepEqual([client.url, client.facts], ['http://127.0.0.1:4000', FACTS]);

  process.chdir(join(root, 'two'));
  const none = await refused(Posthaste.sandbox(), PosthasteError);
  assert.match(none.message, /in \.posthaste, here or .*say in POSTHASTE_SANDBOX/);
  assert.equal((await Posthaste.sandbox({ path: file })).url, client.url);
  process.env['POSTHASTE_SANDBOX'] = file;
  assert.equal((await Posthaste.sandbox()).url, client.url);
  await refused(Posthaste.sandbox({ role: 'owner' }), TypeError);
});
