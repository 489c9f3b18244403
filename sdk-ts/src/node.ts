/** Whether this runs in Node, not in a browser. */
export function isNode(): boolean {
  return typeof process !== 'undefined' && process.versions?.node !== undefined;
}

/** A module of Node. Bundlers for browsers do not look for it behind a variable. */
export function ofNode(module: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ module);
}
