import { createClient } from 'graphql-ws/client';
import { type GraphqlAnswer, dataOf } from './answer.js';
import type { Client } from './client.js';
import { ApiError, TransportError } from './errors.js';
import type { WebSocketClass } from './options.js';

/** How often a quiet connection is asked whether it lives, and how long it may take to say so. */
const PING = 15_000;
const PONG = 10_000;

/** What the close codes of graphql-transport-ws mean; after all others we may come back. */
const REFUSALS: Record<number, { code: string; retryable: boolean }> = {
  4400: { code: 'BAD_REQUEST', retryable: false },
  4401: { code: 'UNAUTHENTICATED', retryable: false },
  4403: { code: 'UNAUTHENTICATED', retryable: false },
  4406: { code: 'BAD_REQUEST', retryable: false },
  4409: { code: 'BAD_REQUEST', retryable: false },
  4429: { code: 'RATE_LIMITED', retryable: true },
};

/** One WebSocket for all subscriptions of a client; it opens with the first and ends with the last. */
interface Socket {
  run(request: Subscribe, signal: AbortSignal | undefined): AsyncGenerator<GraphqlAnswer, void>;
  close(): void;
}

interface Subscribe {
  query: string;
  operationName: string;
  variables: Record<string, unknown>;
}

const sockets = new WeakMap<Client, Socket>();

/** The WebSocket of a client, which ends with `client.close()`. */
export function socketOf(client: Client, webSocket: WebSocketClass): Socket {
  const known = sockets.get(client);
  if (known) return known;
  const socket = openSocket(client.url, webSocket, () => client.authorization());
  sockets.set(client, socket);
  client.closing(() => {
    sockets.delete(client);
    socket.close();
  });
  return socket;
}

/** Speaks graphql-transport-ws with a server. */
function openSocket(
  url: string,
  webSocket: WebSocketClass,
  authorization: () => Promise<string | undefined>,
): Socket {
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: webSocket,
    // Coming back is `follow`'s: it knows the cursor.
    retryAttempts: 0,
    connectionParams: async () => {
      const value = await authorization();
      return value ? { authorization: value } : {};
    },
    keepAlive: PING,
    on: {
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), PONG);
      },
      pong: (received) => {
        if (received) clearTimeout(silence);
      },
      closed: () => clearTimeout(silence),
    },
  });

  async function* run(request: Subscribe, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    const waiting: GraphqlAnswer[] = [];
    let end: { error?: unknown } | undefined;
    let wake = () => {};
    const finish = (how: { error?: unknown }) => {
      end ??= how;
      wake();
    };
    const abort = () => finish({ error: signal?.reason });
    signal?.addEventListener('abort', abort, { once: true });
    const stop = client.subscribe(request, {
      next: (answer) => {
        waiting.push(answer as GraphqlAnswer);
        wake();
      },
      error: (error) => finish({ error: meaning(error, url) }),
      complete: () => finish({}),
    });
    try {
      for (;;) {
        for (let next = waiting.shift(); next; next = waiting.shift()) yield next;
        if (end && 'error' in end) throw end.error;
        if (end) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      stop();
    }
  }

  return { run, close: () => void client.dispose() };
}

/** What ended a subscription: errors of its document, a close code, or a connection that broke. */
function meaning(error: unknown, url: string): unknown {
  if (Array.isArray(error)) {
    try {
      return dataOf({ errors: error });
    } catch (told) {
      return told;
    }
  }
  const { code, reason } = error as { code?: number; reason?: string };
  const refusal = REFUSALS[code ?? 0];
  if (refusal) return new ApiError([{ ...refusal, message: reason || 'The server closed the connection.' }]);
  return new TransportError('network', `The connection to ${url} broke${code ? ` (${code})` : ''}.`, { cause: error });
}
