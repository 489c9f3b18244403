// Many posts in one file, against the sandbox that POSTHASTE_SANDBOX names.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { Posthaste } from '@posthaste/sdk';
import { firstAccounts, webSocket } from './facts.js';
import { Proxy } from './proxy.js';

const editor = await Posthaste.sandbox({ webSocket });
after(() => editor.close());

/** The outcome of each line once a job is over. */
async function outcomes(id: string): Promise<unknown[]> {
  let state = '';
  for await (const job of editor.bulkJobs.follow({ id })) state = job.state;
  assert.equal(state, 'FINISHED');
  const results = await editor.bulkJobs.results.all({ id, first: 2 }).toArray();
  return results.map(({ line, outcome, errors }) => [line, outcome, ...errors.map(({ code }) => code)]);
}

test('judge a file, then write its posts', async () => {
  const [account] = await firstAccounts(editor);
  const word = randomUUID();
  const good = (n: number) => ({ key: `${word}-${n}`, text: `${word} ${n}`, targets: [{ connectionId: account?.id }] });
  const lines = [good(1), { text: '', schedule: { now: true } }, good(2)].map((line) => JSON.stringify(line));
  const file = new Blob([lines.join('\n')]);
  const judged = await editor.bulkJobs.upload(file, { fileName: 'spring.jsonl', dryRun: true });
  assert.deepEqual([judged.format, judged.dryRun, judged.bytes], ['JSONL', true, file.size]);
  const [first, second, third] = await outcomes(judged.id);
  assert.deepEqual([first, third], [[1, 'CREATED'], [3, 'CREATED']]);
  assert.deepEqual((second as unknown[]).slice(0, 2), [2, 'INVALID']);
  const posts = () => editor.posts.list.all({ filter: { text: word } }).toArray();
  assert.equal((await posts()).length, 0);

  const job = await editor.bulkJobs.upload(file, { fileName: 'spring.jsonl' });
  assert.deepEqual((await outcomes(job.id))[2], [3, 'CREATED']);
  const made = await posts();
  assert.equal(made.length, 2);
  const again = await editor.bulkJobs.upload(file, { fileName: 'spring.jsonl' });
  assert.deepEqual((await outcomes(again.id))[0], [1, 'SKIPPED']);
  for (const { id } of made) await editor.posts.delete({ id });
});

test('a file whose upload is cut arrives whole', async (t) => {
  const proxy = await Proxy.open(t, editor.facts.apiUrl);
  const { keys } = editor.facts;
  const client = new Posthaste({ url: proxy.url, key: keys['editor'] ?? '', webSocket: false });
  const rows = Array.from({ length: 50 }, (_, n) => `Row ${n} ${randomUUID()}`);
  const file = new TextEncoder().encode(['text', ...rows].join('\n'));
  let cut = false;
  const onProgress = ({ sent }: { sent: number }) => {
    if (sent > 0 && !cut) {
      cut = true;
      proxy.drop();
    }
  };
  const job = await client.bulkJobs.upload(file, { format: 'CSV', dryRun: true, partSize: 1000, onProgress });
  assert.equal((await outcomes(job.id)).length, 50);
  assert.equal(proxy.drops, 1);
});
