import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { type TestContext, test } from 'node:test';
import { ApiError, TransportError, UserErrors } from '@posthaste/sdk';
import { asked, json, refused, stub } from '../stub.js';

/** A server of uploads, of a media or a bulk job, of which the n-th part is treated badly. */
async function uploads(t: TestContext, bad: (n: number) => 'cut' | 'half' | 'lost' | undefined = () => undefined) {
  const kept: string[] = [];
  let parts = 0;
  let looks = 0;
  const stubbed = await stub(t, (seen, response) => {
    // The address by which the server knows itself leads nowhere here.
    const at = { uploadUrl: 'http://posthaste.invalid/', error: null };
    if (seen.body.startsWith('{"query":"query MediaGet')) looks += 1;
    const media = { id: 'media_1', status: looks > 1 ? 'READY' : 'PROCESSING', ...at };
    const bulkJob = { id: 'job_1', state: 'QUEUED', ...at };
    if (seen.path === '/graphql') {
      const payload = { media, bulkJob, errors: [], warnings: [] };
      return json(response, { data: { mediaUploadCreate: payload, bulkJobCreate: payload, media, bulkJob } });
    }
    assert.match(`${seen.path} ${seen.headers['tus-resumable']}`, /^\/(media\/media_1|bulk\/job_1) 1\.0\.0$/);
    const stands = () => ({ 'upload-offset': String(kept.join('').length) });
    if (seen.method === 'HEAD') return void response.writeHead(200, stands()).end();
    if (Number(seen.headers['upload-offset']) !== kept.join('').length) {
      return json(response, { code: 'UPLOAD_OFFSET_MISMATCH', detail: 'Elsewhere.', retryable: false }, 409);
    }
    const how = bad(parts++);
    if (how !== 'cut') kept.push(how === 'half' ? seen.body.slice(0, 2) : seen.body);
    if (how) return void response.destroy();
    response.writeHead(204, stands()).end();
  });
  return { ...stubbed, kept };
}

test('a file goes up in parts, with its name and progress', async (t) => {
  const { client, requests, kept } = await uploads(t);
  const progress: number[] = [];
  const file = new File(['0123456789'], 'digits.jpg') as unknown as Blob;
  const media = await client.media.upload(file, {
    altText: 'Ten digits',
    partSize: 4,
    idempotencyKey: 'mine',
    onProgress: ({ sent, total }) => progress.push(sent, total),
  });
  assert.deepEqual([media.id, media.status], ['media_1', 'READY']);
  assert.deepEqual(kept, ['0123', '4567', '89']);
  assert.deepEqual(progress, [0, 10, 4, 10, 8, 10, 10, 10]);
  assert.deepEqual(asked(requests[0]).variables, { input: { fileName: 'digits.jpg', bytes: 10, altText: 'Ten digits' } });
  assert.deepEqual(
    requests.map(({ method, headers }) => `${method} ${headers['idempotency-key'] ?? ''}`.trim()),
    ['POST mine', 'HEAD', 'PATCH', 'PATCH', 'PATCH', 'POST', 'POST'],
  );
});

test('after a cut it goes on where the server stands', async (t) => {
  const all = ['cut', 'half', 'lost'] as const;
  const { client, kept } = await uploads(t, (n) => all[n]);
  await client.media.upload(new TextEncoder().encode('0123456789'), { partSize: 4 });
  assert.equal(kept.join(''), '0123456789');
});

test('an upload of another process is finished', async (t) => {
  const { client, requests, kept } = await uploads(t);
  kept.push('0123');
  await client.media.upload(new Blob(['0123456789']), { resume: 'media_1' });
  assert.deepEqual(kept, ['0123', '456789']);
  assert.ok(asked(requests[0]).query.startsWith('query MediaGet'));
});

test('a file of posts goes up as a bulk job', async (t) => {
  const { client, requests, kept } = await uploads(t, (n) => (n === 0 ? 'half' : undefined));
  const progress: number[] = [];
  const file = new File(['text\nRye\n'], 'spring.CSV') as unknown as Blob;
  const onProgress = ({ sent }: { sent: number }) => progress.push(sent);
  const job = await client.bulkJobs.upload(file, { dryRun: true, timeZone: 'Europe/Paris', partSize: 5, onProgress });
  assert.deepEqual([job.id, kept.join('')], ['job_1', 'text\nRye\n']);
  assert.deepEqual(progress, [0, 7, 9]);
  const { input } = asked(requests[0]).variables;
  const told = { kind: 'POSTS_IMPORT', format: 'CSV', fileName: 'spring.CSV', bytes: 9 };
  assert.deepEqual(input, { ...told, timeZone: 'Europe/Paris', dryRun: true });
  assert.ok(requests[0]?.headers['idempotency-key']);
});

test('a bulk job needs to know how its file is written', async (t) => {
  const { client, requests, kept } = await uploads(t);
  await refused(client.bulkJobs.upload(new Blob(['{}'])), TypeError);
  assert.equal(requests.length, 0);
  await client.bulkJobs.upload(new Blob(['{}']), { format: 'JSONL', idempotencyKey: 'mine' });
  assert.deepEqual([kept.splice(0), requests[0]?.headers['idempotency-key']], [['{}'], 'mine']);
  requests.length = 0;
  kept.push('{');
  await client.bulkJobs.upload(new Blob(['{}']), { resume: 'job_1' });
  assert.deepEqual(kept, ['{', '}']);
  assert.ok(asked(requests[0]).query.startsWith('query BulkJobGet'));
});

test('what goes wrong is told', async (t) => {
  const { client } = await uploads(t, () => 'cut');
  const error = await refused(client.media.upload(new Blob(['0123']), { retries: 1 }), TransportError);
  assert.equal(error.reason, 'network');
  const mistake = { __typename: 'UserError', code: 'MEDIA_TOO_LARGE', message: 'Too large.', path: ['bytes'] };
  const media = { id: 'media_1', uploadUrl: null, error: { code: 'MEDIA_UNREADABLE', message: 'Damaged.' } };
  const { client: other } = await stub(t, (_, response, n) => {
    const begun = n === 0 ? { media: null, errors: [mistake] } : { media, errors: [] };
    json(response, { data: n < 2 ? { mediaUploadCreate: begun } : { media } });
  });
  assert.equal((await refused(other.media.upload(new Blob(['0'])), UserErrors)).code, 'MEDIA_TOO_LARGE');
  assert.equal((await refused(other.media.upload(new Blob(['0'])), ApiError)).code, 'MEDIA_UNREADABLE');
});
