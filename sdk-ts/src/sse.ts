import { type GraphqlAnswer, bodyOf, dataOf, readAnswer } from './answer.js';
import type { Client } from './client.js';
import type { Document } from './document.js';
import { TransportError } from './errors.js';
import type { CallOptions } from './options.js';
import { deadline } from './retry.js';

/** A server says every 15 seconds that it lives. */
const SILENCE = 45_000;

/** Follows a subscription over server-sent events (GraphQL over SSE, distinct connections). */
export async function* overSse(
  client: Client,
  document: Pick<Document<unknown, never>, 'name' | 'text' | 'fragments'>,
  variables: object,
  options: CallOptions,
): AsyncGenerator<GraphqlAnswer, void> {
  const request = { operation: document.name, ...client.query(document, variables, { accept: 'text/event-stream' }) };
  const response = await client.once(request, options, 0, async (answer) => {
    if (answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer;
    dataOf(readAnswer(await bodyOf(answer), answer), answer.status);
    throw new TransportError('answer', 'The server does not answer with events.', { status: 406 });
  });
  for await (const { event, data } of events(lines(response, client.url, options.signal))) {
    if (event === 'complete') return;
    if (event === 'next') yield JSON.parse(data) as GraphqlAnswer;
  }
  throw new TransportError('network', `The connection to ${client.url} broke.`);
}

/** Lines of a body while they come; cancels it in the end. */
async function* lines(response: Response, url: string, signal?: AbortSignal): AsyncGenerator<string, void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', cancel, { once: true });
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await read(reader, url);
      signal?.throwIfAborted();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, url: string) {
  const time = deadline(undefined, SILENCE);
  const silence = new Promise<never>((_, reject) => {
    time.signal.addEventListener('abort', () => reject(new TransportError('timeout', `${url} went silent.`)));
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError('network', `The connection to ${url} broke.`, { cause: error });
  } finally {
    time.done();
  }
}

/** Puts lines together to events, as the HTML standard says. */
export async function* events(
  source: AsyncIterable<string>,
): AsyncGenerator<{ event: string; data: string; id: string | undefined }, void> {
  let event = 'message';
  let data: string[] = [];
  let id: string | undefined;
  for await (const line of source) {
    if (line === '') {
      if (data.length || event !== 'message') yield { event, data: data.join('\n'), id };
      event = 'message';
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') event = value ?? '';
    else if (field === 'data') data.push(value ?? '');
    else if (field === 'id') id = value;
  }
}
