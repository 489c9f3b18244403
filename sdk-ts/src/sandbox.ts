import { PosthasteError } from './errors.js';
import { ofNode } from './node.js';

/** What the sandbox writes down about itself. */
export interface SandboxFacts {
  apiUrl: string;
  networksUrl: string;
  /** API keys by role, `phk_test_…`. */
  keys: Record<string, string>;
}

/**
 * Reads `sandbox.json`: at `path`, at the environment's POSTHASTE_SANDBOX, or in `.posthaste` here or in
 * a folder above. Only in Node.
 */
export async function sandboxFacts(path?: string): Promise<SandboxFacts> {
  const fs = (await ofNode('node:fs')) as typeof import('node:fs');
  const { dirname, join } = (await ofNode('node:path')) as typeof import('node:path');
  const given = path ?? process.env['POSTHASTE_SANDBOX'];
  const places = given ? [given] : above(process.cwd(), dirname).map((dir) => join(dir, '.posthaste', 'sandbox.json'));
  const place = places.find((file) => fs.existsSync(file));
  if (!place) {
    const where = given ? `at ${given}` : 'in .posthaste, here or in a folder above';
    throw new PosthasteError(
      `There is no sandbox.json ${where}. Start \`cargo xtask sandbox\`, or say in POSTHASTE_SANDBOX where the file is.`,
    );
  }
  return JSON.parse(fs.readFileSync(place, 'utf8')) as SandboxFacts;
}

function above(folder: string, dirname: (path: string) => string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...above(parent, dirname)];
}
