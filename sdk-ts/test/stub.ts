import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type ClientOptions, Posthaste } from '@posthaste/sdk';

/** A request as the stub got it. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Answers the n-th request, from 0. */
type Handler = (seen: Seen, response: ServerResponse, n: number) => void;

/** A server that ends with the test, and a client of it. */
export async function stub(t: TestContext, handler: Handler, options: Partial<ClientOptions> = {}) {
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      requests.push(seen);
      handler(seen, response, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  const client = new Posthaste({ url, key: 'phk_test_1', webSocket: false, ...options });
  return { client, requests, server, url };
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers });
  response.end(JSON.stringify(body));
}

/** A GraphQL request's body. */
export function asked(seen: Seen | undefined): { query: string; variables: Record<string, unknown> } {
  return JSON.parse(seen?.body ?? '{}') as { query: string; variables: Record<string, unknown> };
}

/** What a promise is rejected with. */
export async function refused<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof kind) return error;
  throw new Error(`expected ${kind.name}, got ${String(error)}`, { cause: error });
}
