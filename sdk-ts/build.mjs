// Builds dist: modules in dist/esm, CommonJS in dist/cjs.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

const tsc = new URL('node_modules/typescript/bin/tsc', import.meta.url).pathname;
const run = (...options) => execFileSync(process.execPath, [tsc, ...options], { stdio: 'inherit' });

rmSync('dist', { recursive: true, force: true });
run('-p', '.');
run('-p', '.', ...'--module commonjs --moduleResolution bundler --verbatimModuleSyntax false --outDir dist/cjs'.split(' '));
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
