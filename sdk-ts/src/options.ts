import type { Meta } from './answer.js';

/** The `WebSocket` of a browser or of a package such as `ws`. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => unknown;

/** What a hook learns about a request. */
export interface RequestInfo {
  /** The operation's name, or the kind of an upload's request. */
  operation: string;
  url: string;
  /** Headers on their way; a hook may change them. */
  headers: Headers;
  /** Times that it was sent before. */
  attempt: number;
}

/** What a hook learns about an answer. */
export interface ResponseInfo extends Meta {
  operation: string;
  /** Milliseconds since this try began. */
  duration: number;
}

/** What a hook learns about a pause before another try. */
export interface RetryInfo {
  operation: string;
  /** The try that comes, from 1. */
  attempt: number;
  /** Milliseconds until then. */
  delay: number;
  error: Error;
}

/** Look in or add something, at each request. */
export interface Hooks {
  /** Before each try. */
  onRequest?: (info: RequestInfo) => void | Promise<void>;
  /** After each answer, also one that refuses. */
  onResponse?: (info: ResponseInfo) => void;
  /** Before each pause. */
  onRetry?: (info: RetryInfo) => void;
}

/** How a client works. */
export interface ClientOptions extends Hooks {
  /** The server, such as `https://posthaste.example.com`. */
  url: string;
  /** An API key or a session's token, or a function that brings one for each request. */
  key?: string | (() => string | Promise<string>);
  /** Milliseconds that one try may take; 30,000 when nothing is said. */
  timeout?: number;
  /** Tries after the first one, with growing pauses; 3 when nothing is said. */
  retries?: number;
  /** Sent with each request. */
  headers?: Record<string, string>;
  /** Another `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** For subscriptions. The global one when there is one; `false` for server-sent events instead. */
  webSocket?: WebSocketClass | false;
}

/** How one call works. */
export interface CallOptions extends Hooks {
  signal?: AbortSignal;
  /** Milliseconds that one try may take. */
  timeout?: number;
  retries?: number;
  headers?: Record<string, string>;
  /** For a mutation: one you keep, so that also a repeat by another process does it only once. */
  idempotencyKey?: string;
}
