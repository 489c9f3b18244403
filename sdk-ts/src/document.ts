/** An operation of the API with the types of its answer and its variables. */
export interface Document<Value, Variables> {
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** The operation's name. */
  readonly name: string;
  /** The root field whose value is the answer, and the way on where that is deeper. */
  readonly fields: readonly string[];
  /** The GraphQL text without fragments. */
  readonly text: string;
  /** Texts of the fragments that it needs. */
  readonly fragments?: readonly string[];
  /** Only for the compiler. */
  readonly __types?: (variables: Variables) => Value;
}

/** The answer of a document in its data. */
export function valueOf<T>(document: Document<T, never>, data: unknown): T {
  const step = (value: unknown, field: string) => (value as Record<string, unknown>)[field];
  return document.fields.reduce(step, data) as T;
}

/** What is sent of a document. */
export function textOf(document: { text: string; fragments?: readonly string[] }): string {
  return [document.text, ...(document.fragments ?? [])].join('');
}

/**
 * The kind of a GraphQL document of your own. It counts as a mutation wherever the word stands: a query that
 * carries an idempotency key is a query, a mutation without one may happen twice.
 */
export function kindOf(text: string): 'query' | 'mutation' {
  return /\bmutation\b/.test(text) ? 'mutation' : 'query';
}
