import { type Cost, type Meta, bodyOf, dataOf, metaOf, readAnswer } from './answer.js';
import { type Document, kindOf, textOf, valueOf } from './document.js';
import { TransportError } from './errors.js';
import { isNode } from './node.js';
import type { CallOptions, ClientOptions, RetryInfo, WebSocketClass } from './options.js';
import { deadline, retrying } from './retry.js';
import { VERSION } from './version.js';

/** One request over HTTP. */
export interface HttpRequest {
  /** What hooks are told. */
  operation: string;
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string | Blob;
}

/** Takes an answer; what it learns about it goes into `meta`. */
export type Read<T> = (response: Response, meta: Meta) => Promise<T>;

/** Data of an answer, and what is known besides. */
export interface Answered<T> {
  data: T;
  meta: Meta;
}

/** Sends documents and files to a server; safe to share. */
export class Client {
  /** The server's address without a slash at its end. */
  readonly url: string;
  readonly #options: ClientOptions;
  #last: Meta | undefined;
  #ends: (() => void)[] = [];

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#options = options;
  }

  /** What the newest answer told about limits and costs. */
  get last(): Meta | undefined {
    return this.#last;
  }

  /** Asks one of the documents of this package; answers with the value of its field. */
  async request<T, V>(document: Document<T, V>, variables: V, options: CallOptions = {}): Promise<T> {
    return (await this.send(document, variables, options)).data;
  }

  /** As `request`, with the request's id, costs and limits. */
  async send<T, V>(document: Document<T, V>, variables: V, options: CallOptions = {}): Promise<Answered<T>> {
    const { data, meta } = await this.#post(document, variables, options);
    return { data: valueOf(document, data), meta };
  }

  /** Asks a document of your own; answers with its data. */
  async graphql<T = unknown>(text: string, variables: object = {}, options: CallOptions = {}): Promise<T> {
    const document: Document<unknown, object> = { kind: kindOf(text), name: '', fields: [], text };
    return (await this.#post(document, variables, options)).data as T;
  }

  /** Ends the connection for subscriptions, if one is open. */
  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  async #post<T, V>(document: Document<T, V>, variables: V, options: CallOptions): Promise<Answered<unknown>> {
    const headers: Record<string, string> = { accept: 'application/graphql-response+json' };
    if (document.kind === 'mutation') headers['idempotency-key'] = options.idempotencyKey ?? newKey();
    const request = { operation: document.name || document.kind, ...this.query(document, variables, headers) };
    return this.http(request, options, async (response, meta) => {
      const answer = readAnswer(await bodyOf(response), response);
      meta.cost = answer.extensions?.['cost'] as Cost | undefined;
      this.#last = meta;
      return { data: dataOf(answer, meta.status, meta.requestId), meta };
    });
  }

  /** @internal The request that carries a document. */
  query(
    document: Pick<Document<unknown, never>, 'name' | 'text' | 'fragments'>,
    variables: unknown,
    headers: Record<string, string>,
  ) {
    const named = document.name ? { operationName: document.name } : {};
    return {
      url: `${this.url}/graphql`,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query: textOf(document), variables, ...named }),
    };
  }

  /** @internal Sends a request until `read` is content with an answer. */
  http<T>(request: HttpRequest, options: CallOptions, read: Read<T>): Promise<T> {
    const { operation } = request;
    const how = {
      retries: options.retries ?? this.#options.retries ?? 3,
      signal: options.signal,
      onRetry: (retry: Omit<RetryInfo, 'operation'>) => this.pausing(options, { operation, ...retry }),
    };
    return retrying(how, (attempt) => this.once(request, options, attempt, read));
  }

  /** @internal Sends a request once. */
  async once<T>(request: HttpRequest, options: CallOptions, attempt: number, read: Read<T>): Promise<T> {
    const begin = Date.now();
    const milliseconds = options.timeout ?? this.#options.timeout ?? 30_000;
    const time = deadline(options.signal, milliseconds);
    try {
      const response = await this.fetch(request, options, attempt, time.signal);
      const meta = metaOf(response, attempt + 1);
      try {
        return await read(response, meta);
      } finally {
        const told = { operation: request.operation, duration: Date.now() - begin, ...meta };
        for (const hooks of [this.#options, options]) hooks.onResponse?.(told);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (time.isOver()) {
        const message = `No answer from ${this.url} within ${milliseconds} ms.`;
        throw new TransportError('timeout', message, { cause: error });
      }
      throw error;
    } finally {
      time.done();
    }
  }

  /** @internal Begins a request; a connection that fails is a `TransportError`. */
  async fetch(request: HttpRequest, options: CallOptions, attempt: number, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    const { operation, url, method, body } = request;
    const headers = new Headers({ ...this.#options.headers, ...options.headers, ...request.headers });
    const key = await this.authorization();
    if (key) headers.set('authorization', key);
    // Browsers name themselves, and ask the server before they send headers of others.
    if (isNode()) {
      headers.set('user-agent', `posthaste-sdk-ts/${VERSION} node/${process.versions.node}`);
      if (attempt > 0) headers.set('x-retry-count', String(attempt));
    }
    for (const hooks of [this.#options, options]) await hooks.onRequest?.({ operation, url, headers, attempt });
    try {
      const send = this.#options.fetch ?? globalThis.fetch;
      return await send(url, { method, headers, signal, redirect: 'error', ...(body === undefined ? {} : { body }) });
    } catch (error) {
      throw new TransportError('network', `Cannot reach ${this.url}: ${reason(error)}`, { cause: error });
    }
  }

  /** @internal The header that says who asks. */
  async authorization(): Promise<string | undefined> {
    const { key } = this.#options;
    const value = typeof key === 'function' ? await key() : key;
    return value && `Bearer ${value}`;
  }

  /** @internal What subscriptions go over; nothing for server-sent events. */
  webSocket(): WebSocketClass | undefined {
    const { WebSocket } = globalThis as { WebSocket?: WebSocketClass };
    return (this.#options.webSocket ?? WebSocket) || undefined;
  }

  /** @internal Has something done when this client is closed. */
  closing(end: () => void): void {
    this.#ends.push(end);
  }

  /** @internal Tells the hooks about a pause. */
  pausing(options: CallOptions, info: RetryInfo): void {
    for (const hooks of [this.#options, options]) hooks.onRetry?.(info);
  }
}

/** A key that nobody else makes; it is no secret. */
function newKey(): string {
  const digit = () => Math.floor(Math.random() * 16).toString(16);
  // Node 18 and pages without https have no randomUUID.
  return globalThis.crypto?.randomUUID?.() ?? 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, digit);
}

function reason(error: unknown): string {
  const inner = (error as { cause?: unknown }).cause ?? error;
  return inner instanceof Error ? inner.message : String(inner);
}
