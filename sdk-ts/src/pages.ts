import type { Client } from './client.js';
import type { Document } from './document.js';
import type { CallOptions } from './options.js';

/** Items of a page when nothing is said. */
const SIZE = 50;

/** One page of a list. */
export interface Page<T> {
  nodes: T[];
  pageInfo: {
    endCursor: string | null;
    hasNextPage: boolean;
    startCursor: string | null;
    hasPreviousPage: boolean;
  };
  /** How many items there are altogether, if it was asked for. */
  totalCount?: number | null;
}

interface Window {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** All items of a list, page by page while they are read. With `last` it is read from its end. */
export class Pages<T, V extends object> implements AsyncIterable<T> {
  readonly #ask: (variables: V) => Promise<Page<T>>;
  readonly #variables: V;

  constructor(client: Client, document: Document<Page<T>, V>, variables: V, options: CallOptions = {}) {
    this.#ask = (asked) => client.request(document, asked, options);
    this.#variables = variables;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for await (const page of this.pages()) yield* this.#backwards() ? [...page.nodes].reverse() : page.nodes;
  }

  /** The pages themselves. */
  async *pages(): AsyncGenerator<Page<T>, void> {
    const { first, last } = this.#variables as Window;
    const size: Window = this.#backwards() ? {} : { first: first ?? SIZE };
    let place: Window = {};
    for (;;) {
      const page = await this.#ask({ ...this.#variables, ...size, ...place });
      yield page;
      const { hasNextPage, hasPreviousPage, endCursor, startCursor } = page.pageInfo;
      if (last ? !hasPreviousPage : !hasNextPage) return;
      place = last ? { before: startCursor } : { after: endCursor };
    }
  }

  /** The items as an array, at most `limit` of them. */
  async toArray({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<T[]> {
    const items: T[] = [];
    if (limit <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= limit) break;
    }
    return items;
  }

  #backwards(): boolean {
    return Boolean((this.#variables as Window).last);
  }
}
