import type { ErrorCode, MutationError } from './generated/types.js';

/** What all errors of this library are. */
export class PosthasteError extends Error {
  override name = 'PosthasteError';
  /** The request's id, for the server's operator. */
  readonly requestId: string | undefined;

  constructor(message: string, options: { requestId?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.requestId = options.requestId;
  }
}

/** Why no answer of the API came. */
export type TransportReason = 'network' | 'timeout' | 'answer';

/** No answer of the API came: no connection, a time-out, or something else answered. */
export class TransportError extends PosthasteError {
  override name = 'TransportError';
  readonly reason: TransportReason;
  /** The HTTP status, if something answered. */
  readonly status: number | undefined;
  /** Seconds to wait, if the answer named them. */
  readonly retryAfter: number | undefined;

  constructor(
    reason: TransportReason,
    message: string,
    options: { requestId?: string; cause?: unknown; status?: number; retryAfter?: number | undefined } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.status === undefined || [408, 425, 429, 500, 502, 503, 504].includes(this.status);
  }
}

/** What the API says about something that went wrong. */
export interface Problem {
  /** The stable code; each has a page under docsUrl. */
  code: ErrorCode;
  message: string;
  /** Whether the same request may succeed later without being changed. */
  retryable: boolean;
  advice?: string | undefined;
  docsUrl?: string | undefined;
  /** The field of the input or the response. */
  path?: ReadonlyArray<string | number> | undefined;
  /** Seconds after which a repeat makes sense. */
  retryAfter?: number | undefined;
}

/** The API refused the request as a whole. Look at `code`. */
export class ApiError extends PosthasteError implements Problem {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly advice: string | undefined;
  readonly docsUrl: string | undefined;
  readonly path: ReadonlyArray<string | number> | undefined;
  readonly retryAfter: number | undefined;
  /** The HTTP status, where there is one. */
  readonly status: number | undefined;
  /** All that was told; the first is this error. */
  readonly problems: ReadonlyArray<Problem>;
  /** What was answered besides, of a document with several fields. */
  readonly data: unknown;

  constructor(
    problems: readonly [Problem, ...Problem[]],
    options: { requestId?: string | undefined; status?: number | undefined; data?: unknown } = {},
  ) {
    const first = problems[0];
    super(`${first.code}: ${first.message}`, options);
    this.code = first.code;
    this.retryable = first.retryable;
    this.advice = first.advice;
    this.docsUrl = first.docsUrl;
    this.path = first.path;
    this.retryAfter = first.retryAfter;
    this.status = options.status;
    this.problems = problems;
    this.data = options.data;
  }
}

/** A mutation changed nothing because of its input. All mistakes are in `errors`, each with its path. */
export class UserErrors extends PosthasteError {
  override name = 'UserErrors';
  readonly errors: ReadonlyArray<MutationError>;
  /** The code of the first. */
  readonly code: ErrorCode;

  constructor(errors: readonly [MutationError, ...MutationError[]], requestId?: string) {
    super(errors.map(({ code, message }) => `${code}: ${message}`).join('\n'), { requestId });
    this.errors = errors;
    this.code = errors[0].code;
  }

  /** Whether one of them has this code. */
  has(code: ErrorCode): boolean {
    return this.errors.some((error) => error.code === code);
  }
}
