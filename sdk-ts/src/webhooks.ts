/**
 * Webhooks after Standard Webhooks (<https://www.standardwebhooks.com>): proves that a request comes from
 * your Posthaste, and signs one for your tests. Needs WebCrypto only.
 */

import { isNode, ofNode } from './node.js';

/** Seconds that a clock may differ when nothing is said. */
const TOLERANCE = 300;

/** A webhook's body is not what Posthaste sent, or it is too old. */
export class WebhookError extends Error {
  override name = 'WebhookError';
}

/** What a webhook says. */
export interface WebhookEvent<T = unknown> {
  /** What happened, such as `target.published`. */
  type: string;
  /** When it happened. */
  timestamp: string;
  /** Counts what your endpoint is sent, from 1 and without gaps. */
  sequence: number;
  /** What the endpoint's document selects. */
  data: T;
}

/** Headers of a request, of any server. */
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

/** How a webhook is verified. */
export interface VerifyOptions {
  /** Seconds that the time of sending may be away; 300 when nothing is said. */
  tolerance?: number;
  /** The present, for tests. */
  now?: Date;
}

/**
 * Reads a webhook whose signature is right; a `WebhookError` otherwise. Give the body as it came, before
 * anybody parsed it. While a secret is being rotated, give both.
 */
export async function verify<T = unknown>(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent<T>> {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => {
    const value = header(headers, name);
    if (!value) throw new WebhookError(`The header ${name} is missing.`);
    return value;
  }) as [string, string, string];
  const now = (options.now ?? new Date()).getTime() / 1000;
  const sent = /^\d+$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now - sent) <= (options.tolerance ?? TOLERANCE))) {
    throw new WebhookError('The time of the webhook is too far from now.');
  }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const content = signed(id, timestamp, bytes);
  const offered = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : []));
  const subtle = await crypt();
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const key = await keyOf(one, 'verify');
    for (const signature of offered) {
      if (await subtle.verify('HMAC', key, decode(signature), content)) {
        return JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent<T>;
      }
    }
  }
  throw new WebhookError('No signature of the webhook is right. Is it the secret of this endpoint?');
}

/** The headers that Posthaste would send with a body; for tests of your receiver. */
export async function sign(
  body: string | Uint8Array,
  secret: string,
  options: { id?: string; now?: Date } = {},
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const id = options.id ?? 'whd_test';
  const timestamp = String(Math.floor((options.now ?? new Date()).getTime() / 1000));
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const mac = await (await crypt()).sign('HMAC', await keyOf(secret, 'sign'), signed(id, timestamp, bytes));
  const signature = btoa(String.fromCharCode(...new Uint8Array(mac)));
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found[0] : found;
}

/** What is signed: `id.timestamp.body`. */
function signed(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

async function keyOf(secret: string, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes = decode(secret.replace(/^whsec_/, ''));
  if (!bytes.length) throw new WebhookError('The secret is not one of a webhook (whsec_…).');
  return (await crypt()).importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [use]);
}

/** Bytes of a text in base64; none when it is no such text. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

/** WebCrypto; Node 18 has it in a module only. */
async function crypt(): Promise<SubtleCrypto> {
  if (globalThis.crypto?.subtle) return globalThis.crypto.subtle;
  if (!isNode()) throw new WebhookError('There is no WebCrypto here: it needs a secure page (https).');
  const { webcrypto } = (await ofNode('node:crypto')) as { webcrypto: Crypto };
  return webcrypto.subtle;
}
