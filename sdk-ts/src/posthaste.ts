import { Api } from './generated/namespaces.js';
import type { ClientOptions } from './options.js';
import { type SandboxFacts, sandboxFacts } from './sandbox.js';

/** A client with all operations: `new Posthaste({ url, key }).posts.create({ … })`. */
export class Posthaste extends Api {
  /**
   * A client of the sandbox that runs on this machine, with the rights of an editor unless `role` asks
   * for others. Its facts are in `sandbox.json`: at `path`, at POSTHASTE_SANDBOX, or in `.posthaste`
   * here or above. Only in Node.
   */
  static async sandbox(
    options: Partial<ClientOptions> & { path?: string; role?: string } = {},
  ): Promise<Posthaste & { readonly facts: SandboxFacts }> {
    const { path, role = 'editor', ...others } = options;
    const facts = await sandboxFacts(path);
    const key = facts.keys[role];
    if (!key) throw new TypeError(`The sandbox has no key of the role ${role}: ${Object.keys(facts.keys).join(', ')}.`);
    return Object.assign(new Posthaste({ url: facts.apiUrl, key, ...others }), { facts });
  }
}
