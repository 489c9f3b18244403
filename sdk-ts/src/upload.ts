import { bodyOf, refusal } from './answer.js';
import type { Client } from './client.js';
import { ApiError, UserErrors } from './errors.js';
import { MediaGet, MediaUploadCreate } from './generated/documents.js';
import type { Media } from './generated/types.js';
import type { CallOptions } from './options.js';
import { pauseAfter, sleep } from './retry.js';

/** Bytes of a part when nothing is said. */
const PART = 8 * 1024 * 1024;

/** Milliseconds for one part, whose last one is answered when the file was looked at. */
const PART_TIME = 120_000;

/** Milliseconds between two looks at a media that is not ready. */
const LONGEST_PAUSE = 2_000;

/** A file: a `File` or `Blob` (in Node `openAsBlob` of `node:fs` makes one without reading it), or bytes. */
export type FileData = Blob | ArrayBuffer | Uint8Array;

/** How a file is sent. */
export interface SendOptions extends CallOptions {
  /** Bytes of a part; 8 MiB when nothing is said. */
  partSize?: number;
  /** Told before the first part and after each one. */
  onProgress?: (progress: { sent: number; total: number }) => void;
}

/** How a media is uploaded. */
export interface UploadOptions extends SendOptions {
  /** The file's name; a `File` brings its own. */
  fileName?: string;
  /** Description for people who cannot see it. */
  altText?: string;
  /** An id of your own for the media (`media_…`). */
  id?: string;
  /** The media of an upload that was begun before, to go on with. */
  resume?: string;
}

/** The functions of `client.media` that are more than one operation. */
export function uploads(client: Client) {
  return {
    /** Sends a picture or video in parts, goes on after a cut, and answers when the media is READY. */
    async upload(file: FileData, options: UploadOptions = {}): Promise<Media> {
      const blob = asBlob(file);
      const begun = options.resume
        ? await client.request(MediaGet, { id: options.resume }, call(options))
        : await begin(client, blob, options);
      // Our way to the server, not the address by which it knows itself: it may be behind a proxy.
      if (begun.uploadUrl) await sendFile(client, `${client.url}/media/${begun.id}`, blob, options);
      return ready(client, begun.id, options);
    },
  };
}

async function begin(client: Client, blob: Blob, options: UploadOptions): Promise<Media> {
  const input = {
    fileName: nameOf(blob, options.fileName),
    bytes: blob.size,
    altText: options.altText,
    id: options.id,
  };
  const { media, errors } = await client.request(MediaUploadCreate, { input }, options);
  const [first, ...others] = errors;
  if (first) throw new UserErrors([first, ...others]);
  return media as Media;
}

/** The media once the server has looked at it: usually it has when the last part is answered. */
async function ready(client: Client, id: string, options: UploadOptions): Promise<Media> {
  for (let pause = 50; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const media = await client.request(MediaGet, { id }, call(options));
    if (media.error) throw new ApiError([{ ...media.error, retryable: false }]);
    if (media.status !== 'PROCESSING') return media;
    await sleep(pause, options.signal);
  }
}

/** Sends a file to an upload address of the API (tus 1.0.0), from where it stands. */
export async function sendFile(client: Client, url: string, file: FileData, options: SendOptions = {}): Promise<void> {
  const blob = asBlob(file);
  const total = blob.size;
  const retries = options.retries ?? 3;
  let sent = await offset(client, url, options);
  options.onProgress?.({ sent, total });
  for (let failures = 0; sent < total; ) {
    try {
      sent = await sendPart(client, url, blob, sent, options);
      failures = 0;
      options.onProgress?.({ sent, total });
    } catch (error) {
      const moved = error instanceof ApiError && error.code === 'UPLOAD_OFFSET_MISMATCH';
      const delay = moved ? 0 : pauseAfter(error, failures);
      if (failures >= retries || delay === undefined) throw error;
      failures += 1;
      client.pausing(options, { operation: 'upload', attempt: failures, delay, error: error as Error });
      await sleep(delay, options.signal);
      sent = await offset(client, url, options);
    }
  }
}

/** How many bytes have arrived. */
async function offset(client: Client, url: string, options: SendOptions): Promise<number> {
  const request = { operation: 'uploadOffset', url, method: 'HEAD', headers: TUS };
  return client.http(request, call(options), offsetOf);
}

/** Sends one part, once: after a failure it must be asked how much of it arrived. */
async function sendPart(client: Client, url: string, blob: Blob, from: number, options: SendOptions): Promise<number> {
  const part = blob.slice(from, from + (options.partSize ?? PART));
  const headers = { ...TUS, 'upload-offset': String(from), 'content-type': 'application/offset+octet-stream' };
  const request = { operation: 'uploadPart', url, method: 'PATCH', headers, body: part };
  return client.once(request, { timeout: PART_TIME, ...call(options) }, 0, offsetOf);
}

const TUS = { 'tus-resumable': '1.0.0' };

async function offsetOf(response: Response): Promise<number> {
  if (!response.ok) throw refusal(await bodyOf(response), response);
  return Number(response.headers.get('upload-offset') ?? 0);
}

/** Whatever it was given as, as something to slice. */
export function asBlob(file: FileData): Blob {
  return file instanceof Blob ? file : new Blob([file as BlobPart]);
}

/** A file's name: the one that was given, or its own. */
export function nameOf(blob: Blob, given: string | undefined): string {
  return given ?? (blob as { name?: string }).name ?? 'upload';
}

/** The options of the requests behind an upload: its idempotency key is the one of its beginning. */
export function call({ signal, timeout, retries, headers, onRequest, onResponse, onRetry }: SendOptions): CallOptions {
  const all = { signal, timeout, retries, headers, onRequest, onResponse, onRetry };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
