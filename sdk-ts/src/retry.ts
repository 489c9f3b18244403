import { ApiError, TransportError } from './errors.js';

/** First and longest pause between tries, in milliseconds, before chance makes them shorter. */
const FIRST = 500;
const LONGEST = 8_000;

/** Longest wait that a server may ask for, in seconds; asked for more, we give the error to the caller. */
const PATIENCE = 60;

/** How to try again. */
export interface Retries {
  /** Tries after the first one. */
  retries: number;
  signal: AbortSignal | undefined;
  /** Told before each pause. */
  onRetry: ((retry: { attempt: number; delay: number; error: Error }) => void) | undefined;
}

/** Does something until it works, fails for good, or was tried often enough. `attempt` counts from 0. */
export async function retrying<T>(how: Retries, once: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once(attempt);
    } catch (error) {
      const delay = pauseAfter(error, attempt);
      if (attempt >= how.retries || delay === undefined) throw error;
      how.onRetry?.({ attempt: attempt + 1, delay, error: error as Error });
      await sleep(delay, how.signal);
    }
  }
}

/** Milliseconds to wait before the next try, or nothing when another one is of no use. */
export function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof TransportError || error instanceof ApiError) || !error.retryable) return undefined;
  const jitter = Math.random() * Math.min(LONGEST, FIRST * 2 ** attempt);
  if (error.retryAfter === undefined) return jitter;
  // A little later than asked for, so that not all come at once.
  return error.retryAfter > PATIENCE ? undefined : error.retryAfter * 1000 * (1 + Math.random() / 10);
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** A signal that follows another one and ends by itself; call `done` when it is no longer needed. */
export function deadline(outer: AbortSignal | undefined, milliseconds: number) {
  const controller = new AbortController();
  const follow = () => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener('abort', follow, { once: true });
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    controller.abort();
  }, milliseconds);
  return {
    signal: controller.signal,
    /** Whether time ran out. */
    isOver: () => over,
    done() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}
