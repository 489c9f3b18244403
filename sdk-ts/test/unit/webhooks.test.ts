import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebhookError, sign, verify } from '@posthaste/sdk/webhooks';
import { refused } from '../stub.js';

// The example in the documents of Standard Webhooks' libraries; its signature by another implementation.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';
const NOW = new Date(1614265330_000);
const HEADERS = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

test('the example of the standard is signed and verified', async () => {
  assert.deepEqual(await sign(BODY, SECRET, { id: HEADERS['webhook-id'], now: NOW }), HEADERS);
  assert.deepEqual(await verify(BODY, HEADERS, SECRET, { now: NOW }), { test: 2432232314 });
  const bytes = new TextEncoder().encode(BODY);
  assert.deepEqual(await verify(bytes, new Headers(HEADERS), SECRET, { now: NOW }), { test: 2432232314 });
});

test('one right signature of several, and one of two secrets, is enough', async () => {
  const { 'webhook-signature': other } = await sign(BODY, 'whsec_b3RoZXI=', { id: HEADERS['webhook-id'], now: NOW });
  const both = { ...HEADERS, 'Webhook-Signature': `${other} v1a,x ${HEADERS['webhook-signature']}` };
  const { 'webhook-signature': _, ...headers } = both;
  assert.ok(await verify(BODY, headers, SECRET, { now: NOW }));
  assert.ok(await verify(BODY, HEADERS, ['whsec_b3RoZXI=', SECRET], { now: NOW }));
});

test('anything else is refused', async () => {
  const cases: [string, Record<string, string>, string, Date][] = [
    [`${BODY} `, HEADERS, SECRET, NOW],
    [BODY, { ...HEADERS, 'webhook-id': 'msg_other' }, SECRET, NOW],
    [BODY, { ...HEADERS, 'webhook-timestamp': '1614265331' }, SECRET, NOW],
    [BODY, { ...HEADERS, 'webhook-timestamp': 'soon' }, SECRET, NOW],
    [BODY, { ...HEADERS, 'webhook-signature': 'v1,???' }, SECRET, NOW],
    [BODY, { ...HEADERS, 'webhook-signature': '' }, SECRET, NOW],
    [BODY, HEADERS, 'whsec_b3RoZXI=', NOW],
    [BODY, HEADERS, 'whsec_', NOW],
    [BODY, HEADERS, SECRET, new Date(NOW.getTime() + 301_000)],
    [BODY, HEADERS, SECRET, new Date(NOW.getTime() - 301_000)],
  ];
  for (const [body, headers, secret, now] of cases) await refused(verify(body, headers, secret, { now }), WebhookError);
  assert.ok(await verify(BODY, HEADERS, SECRET, { now: new Date(NOW.getTime() + 299_000) }));
});
