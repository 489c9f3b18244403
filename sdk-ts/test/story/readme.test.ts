// A new user: the package as it would be published, in an empty project, and what its README says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NETWORKS, PACKAGE, PICTURE } from './facts.js';

const TOOLS = fileURLToPath(new URL('node_modules/', PACKAGE));
const PROJECT = fileURLToPath(new URL('build/project/', PACKAGE));

test('the code of the README runs with the packed package', () => {
  install();
  copyFileSync(PICTURE, join(PROJECT, 'harbor.jpg'));
  const file = join(PROJECT, 'readme.mjs');
  writeFileSync(file, program());
  const options = '--ignoreConfig --noEmit --checkJs --strict --skipLibCheck --target es2022 --module nodenext --types node';
  node(join(TOOLS, 'typescript/bin/tsc'), ...options.split(' '), '--typeRoots', join(TOOLS, '@types'), file);
  const printed = node(file);
  for (const network of NETWORKS) assert.match(printed, new RegExp(`^${network} PUBLISHED http`, 'm'));
  for (const told of ['TEXT_REQUIRED', 'TARGET_PUBLISHED', '100 %', 'target.published', '2 CREATED', 'X 26']) {
    assert.ok(printed.includes(told), `${told} is not in\n${printed}`);
  }
  const common = "const { Posthaste } = require('@posthaste/sdk'); Posthaste.sandbox().then(({ url }) => console.log(url));";
  assert.match(node('-e', common), /^http:/);
});

/** Does what `npm install` does with the package and what it depends on. */
function install(): void {
  rmSync(PROJECT, { recursive: true, force: true });
  const home = join(PROJECT, 'node_modules/@posthaste/sdk');
  mkdirSync(home, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', PROJECT];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: PACKAGE, encoding: 'utf8', stdio: 'pipe' }));
  execFileSync('tar', ['-xzf', join(PROJECT, filename), '--strip-components=1', '-C', home]);
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(TOOLS, name), join(PROJECT, 'node_modules', name));
  }
}

/** All blocks of the README as one program. */
function program(): string {
  const readme = readFileSync(new URL('README.md', PACKAGE), 'utf8');
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');
  const imports = blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []);
  const code = blocks.map((block) => block.replace(/^import .*\n/gm, '')).map((block) =>
    // What this loop waits for happens beside it.
    block.includes('events.follow') ? `setTimeout(() => client.posts.create({
      text: 'Rye. ${randomUUID()}', targets: [{ connectionId: accounts.nodes[0].id }], schedule: { now: true },
    }), 500);\n${block}` : block,
  );
  return [...new Set(imports), ...code, 'client.close();'].join('\n');
}

function node(...options: string[]): string {
  return execFileSync(process.execPath, options, { cwd: PROJECT, encoding: 'utf8' });
}
