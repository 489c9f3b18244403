import { ApiError, type Problem, TransportError } from './errors.js';

/** What a document cost and what is left. */
export interface Cost {
  /** Points that were reserved. */
  requested: number;
  /** Points that were used. */
  actual: number;
  throttle: { maximum: number; available: number; restoreRate: number };
}

/** The limit as the headers `RateLimit` and `RateLimit-Policy` tell it. */
export interface RateLimit {
  /** Points left. */
  remaining: number;
  /** Seconds until the limit is full again. */
  reset: number | undefined;
  /** Points of a full limit. */
  limit: number | undefined;
}

/** What is known about an answer besides its data. */
export interface Meta {
  requestId: string | undefined;
  status: number;
  cost: Cost | undefined;
  rateLimit: RateLimit | undefined;
  /** Whether the server had done this before and repeated its answer. */
  replayed: boolean;
  /** Times that the request was sent. */
  attempts: number;
}

interface GraphqlError {
  message: string;
  path?: ReadonlyArray<string | number>;
  extensions?: Record<string, unknown>;
}

/** A GraphQL answer as it comes over the wire. */
export interface GraphqlAnswer {
  data?: unknown;
  errors?: ReadonlyArray<GraphqlError>;
  extensions?: Record<string, unknown>;
}

/** The data of an answer, or its errors thrown. */
export function dataOf(answer: GraphqlAnswer, status?: number, requestId?: string): unknown {
  const [first, ...others] = answer.errors ?? [];
  if (!first) return answer.data;
  const id = requestId ?? text(first.extensions?.['requestId']);
  throw new ApiError([problem(first), ...others.map(problem)], { status, requestId: id, data: answer.data });
}

function problem(error: GraphqlError): Problem {
  const told = error.extensions ?? {};
  const path = told['path'] ?? error.path;
  return {
    code: text(told['code']) ?? 'INTERNAL',
    message: error.message,
    retryable: told['retryable'] === true,
    advice: text(told['advice']),
    docsUrl: text(told['docsUrl']),
    path: Array.isArray(path) ? path : undefined,
    retryAfter: number(told['retryAfter']),
  };
}

/** The body of an answer; one that breaks off is a `TransportError`. */
export async function bodyOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw new TransportError('network', 'The answer broke off.', { cause });
  }
}

/** Reads the body of an answer to a GraphQL request; what is no GraphQL is a `TransportError`. */
export function readAnswer(body: string, response: Response): GraphqlAnswer {
  const answer = json(body);
  if (answer && ('data' in answer || Array.isArray(answer['errors']))) return answer as GraphqlAnswer;
  throw refusal(body, response);
}

/** The error behind an answer that is not what was asked for: a problem document, or anybody's page. */
export function refusal(body: string, response: Response): ApiError | TransportError {
  const { status, headers } = response;
  const requestId = headers.get('x-request-id') ?? undefined;
  const retryAfter = waitOf(headers);
  const told = json(body);
  if (told && text(told['code'])) {
    const problem: Problem = {
      code: told['code'] as string,
      message: text(told['detail']) ?? text(told['title']) ?? '',
      retryable: told['retryable'] === true,
      advice: text(told['advice']),
      docsUrl: text(told['type']),
      path: Array.isArray(told['path']) ? told['path'] : undefined,
      retryAfter: number(told['retryAfter']) ?? retryAfter,
    };
    return new ApiError([problem], { status, requestId });
  }
  const message = `The server answered ${status} with something that is not Posthaste's.`;
  return new TransportError('answer', message, { status, retryAfter, ...(requestId ? { requestId } : {}) });
}

/** What the headers of an answer tell; its body may tell the cost. */
export function metaOf(response: Response, attempts: number): Meta {
  const { headers, status } = response;
  return {
    requestId: headers.get('x-request-id') ?? undefined,
    status,
    cost: undefined,
    rateLimit: rateLimitOf(headers),
    replayed: headers.get('idempotent-replayed') === 'true',
    attempts,
  };
}

/** The header `RateLimit: "name";r=5;t=30`, and `RateLimit-Policy: "name";q=10;w=60`. */
function rateLimitOf(headers: Headers): RateLimit | undefined {
  const parameter = (header: string, name: string) => {
    const found = new RegExp(`;\\s*${name}=(\\d+)`).exec(headers.get(header) ?? '');
    return found ? Number(found[1]) : undefined;
  };
  const remaining = parameter('ratelimit', 'r');
  if (remaining === undefined) return undefined;
  return { remaining, reset: parameter('ratelimit', 't'), limit: parameter('ratelimit-policy', 'q') };
}

/** Seconds of `Retry-After`, which may be a date. */
export function waitOf(headers: Headers): number | undefined {
  const header = headers.get('retry-after');
  if (!header) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

function json(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
