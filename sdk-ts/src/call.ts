/** The functions behind `client.posts.create(…)`, by the shape of an operation. */
import type { Client } from './client.js';
import type { Document } from './document.js';
import { UserErrors } from './errors.js';
import { follow } from './follow.js';
import type { MutationError } from './generated/types.js';
import type { CallOptions } from './options.js';
import { type Page, Pages } from './pages.js';

type Nothing = Record<string, never>;
type Variables<V> = object extends V ? [variables?: V, options?: CallOptions] : [variables: V, options?: CallOptions];

/** What a mutation answers. */
export interface Payload {
  errors: MutationError[];
}

/** Fields of payloads that may be empty although it worked: they belong to a dry run, or to none. */
type Sometimes = 'dryRun' | 'payload' | 'webhookDelivery';

/** A payload without mistakes. */
export type Done<P extends Payload> = {
  [K in Exclude<keyof P, 'errors'>]: K extends Sometimes ? P[K] : NonNullable<P[K]>;
};

/** Throws mistakes as `UserErrors`, unless `throwOnErrors: false` asks for the payload as it is. */
export interface Change<I extends unknown[], P extends Payload> {
  (...args: [...input: I, options: CallOptions & { throwOnErrors: false }]): Promise<P>;
  (...args: [...input: I, options?: CallOptions & { throwOnErrors?: true }]): Promise<Done<P>>;
}

/** A query without variables. */
export function reading<T>(client: Client, document: Document<T, Nothing>) {
  return (options?: CallOptions): Promise<T> => client.request(document, {}, options);
}

/** A query of one thing. */
export function readingById<T>(client: Client, document: Document<T, { id: string }>) {
  return (id: string, options?: CallOptions): Promise<T> => client.request(document, { id }, options);
}

/** A query of several things. */
export function readingByIds<T>(client: Client, document: Document<T, { ids: ReadonlyArray<string> }>) {
  return (ids: ReadonlyArray<string>, options?: CallOptions): Promise<T> => client.request(document, { ids }, options);
}

/** A query that takes an input, as mutations do. */
export function readingByInput<T, I>(client: Client, document: Document<T, { input: I }>) {
  return (input: I, options?: CallOptions): Promise<T> => client.request(document, { input }, options);
}

/** A query with other variables. */
export function readingWith<T, V>(client: Client, document: Document<T, V>) {
  return (...[variables, options]: Variables<V>): Promise<T> => client.request(document, variables ?? ({} as V), options);
}

/** A list: one page, and with `all` every item. */
export function listing<T, P extends Page<T>, V extends object>(
  client: Client,
  document: Document<P & { nodes: T[] }, V>,
) {
  const page = (...[variables, options]: Variables<V>): Promise<P> =>
    client.request(document, variables ?? ({} as V), options);
  /** All items, page by page while they are read. */
  const all = (...[variables, options]: Variables<V>): Pages<P['nodes'][number], V> =>
    new Pages<P['nodes'][number], V>(client, document, variables ?? ({} as V), options);
  return Object.assign(page, { all });
}

/** A mutation. */
export function changing<P extends Payload, I>(client: Client, document: Document<P, { input: I }>) {
  return ((input: I, options?: ChangeOptions) => change(client, document, { input }, options)) as Change<[input: I], P>;
}

/** A mutation without an input. */
export function changingNothing<P extends Payload>(client: Client, document: Document<P, Nothing>) {
  return ((options?: ChangeOptions) => change(client, document, {}, options)) as Change<[], P>;
}

type ChangeOptions = CallOptions & { throwOnErrors?: boolean };

async function change<P extends Payload, V>(
  client: Client,
  document: Document<P, V>,
  variables: V,
  { throwOnErrors = true, ...options }: ChangeOptions = {},
): Promise<P> {
  const { data, meta } = await client.send(document, variables, options);
  const [first, ...others] = data.errors;
  if (first && throwOnErrors) throw new UserErrors([first, ...others], meta.requestId);
  return data;
}

/** A subscription. A log, which has a head and no end, is followed from its head on, so that nothing is missed. */
export function following<T, V extends object>(
  client: Client,
  document: Document<T, V>,
  head?: Document<{ eventsCursor: string }, Nothing>,
) {
  return async function* (...[variables, options]: Variables<V>): AsyncGenerator<T, void> {
    const given = (variables ?? {}) as V & { after?: string | null };
    const start = head && !given.after ? { after: (await client.request(head, {}, options)).eventsCursor } : {};
    yield* follow(client, document, { ...given, ...start }, options, head !== undefined);
  };
}
