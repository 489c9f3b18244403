import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebhookError, type WebhookEvent, verify } from '@posthaste/sdk/webhooks';

/** What a receiver of webhooks got, and what it waits for. */
export interface Receiver {
  url: string;
  /** The secrets of its endpoint, once they are known: two while one is being rotated. */
  secrets: string[];
  /** The next webhook whose signature is right by each of the secrets. */
  next(): Promise<WebhookEvent<Record<string, unknown>>>;
}

/** A receiver as people write it; it ends with the test. */
export async function receiver(t: TestContext): Promise<Receiver> {
  const got: WebhookEvent<Record<string, unknown>>[] = [];
  let wake = () => {};
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    try {
      const event = await verify<Record<string, unknown>>(body, request.headers, self.secrets);
      for (const secret of self.secrets) assert.deepEqual(await verify(body, request.headers, secret), event);
      await assert.rejects(verify(`${body} `, request.headers, self.secrets), WebhookError);
      got.push(event);
      response.writeHead(204).end();
      wake();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const self: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/posthaste`,
    secrets: [],
    async next() {
      for (;;) {
        const event = got.shift();
        if (event) return event;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
  return self;
}
