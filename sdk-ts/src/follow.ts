import { type GraphqlAnswer, dataOf } from './answer.js';
import type { Client } from './client.js';
import { type Document, textOf, valueOf } from './document.js';
import { TransportError } from './errors.js';
import type { CallOptions } from './options.js';
import { pauseAfter, sleep } from './retry.js';
import { socketOf } from './socket.js';
import { overSse } from './sse.js';

/** What a subscription's results may say about their place in the event log. */
interface Placed {
  cursor?: string;
  /** Of results that begin with the present: nothing for those. */
  event?: unknown;
}

/**
 * Follows a subscription. A connection that breaks is opened again from the last cursor on, so that
 * nothing is missed and no event comes twice. What tells the present, not an event, has no cursor to go
 * on from and may come again. An `endless` one is opened again also when the server ends it.
 */
export async function* follow<T, V extends object>(
  client: Client,
  document: Document<T, V>,
  variables: V,
  options: CallOptions = {},
  endless = false,
): AsyncGenerator<T, void> {
  let after = (variables as { after?: string | null }).after;
  let connected = false;
  for (let failures = 0; ; failures += 1) {
    try {
      for await (const answer of open(client, document, after ? { ...variables, after } : variables, options)) {
        const value = valueOf(document, dataOf(answer));
        const { cursor, event } = value as Placed;
        if (cursor && event !== null) after = cursor;
        connected = true;
        failures = 0;
        yield value;
      }
      if (!endless) return;
      throw new TransportError('network', 'The server ended the stream.');
    } catch (error) {
      const delay = pauseAfter(error, failures);
      const patient = connected || failures < (options.retries ?? 3);
      if (!patient || delay === undefined) throw error;
      client.pausing(options, { operation: document.name, attempt: failures + 1, delay, error: error as Error });
      await sleep(delay, options.signal);
    }
  }
}

function open<T, V extends object>(
  client: Client,
  document: Document<T, V>,
  variables: object,
  options: CallOptions,
): AsyncGenerator<GraphqlAnswer, void> {
  const webSocket = client.webSocket();
  if (!webSocket) return overSse(client, document, variables, options);
  const request = { query: textOf(document), operationName: document.name, variables: { ...variables } };
  return socketOf(client, webSocket).run(request, options.signal);
}
