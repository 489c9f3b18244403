import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type WebhookEvent, sign, verify } from '@posthaste/sdk/webhooks';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** A receiver as people write it, and requests as Posthaste sends them. */
export async function receiver(t: TestContext): Promise<void> {
  const events: WebhookEvent[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    try {
      events.push(await verify(Buffer.concat(parts), request.headers, SECRET));
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const event = { type: 'target.published', timestamp: '2027-01-04T08:00:00Z', data: { target: { state: 'PUBLISHED' } } };
  const body = JSON.stringify(event);
  const send = async (sent: string) =>
    (await fetch(url, { method: 'POST', headers: await sign(body, SECRET), body: sent })).status;
  assert.deepEqual([await send(body), await send(body.replace('PUBLISHED', 'FAILED'))], [204, 400]);
  assert.deepEqual(events, [event]);
}
