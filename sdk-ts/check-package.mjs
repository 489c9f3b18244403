// Packs the package as it would be published and looks at it from outside, as resolvers do.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const run = (program, ...options) => execFileSync(program, options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const npx = (...options) => process.stdout.write(run('npx', '--no-install', ...options));

mkdirSync('build', { recursive: true });
const [{ filename, files }] = JSON.parse(run('npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', 'build'));
for (const needed of ['README.md', 'CHANGELOG.md', 'LICENSE', 'dist/esm/index.js', 'dist/cjs/index.js']) {
  if (!files.some(({ path }) => path === needed)) throw new Error(`the package lacks ${needed}`);
}
const known = /^(dist\/(esm|cjs)\/|package\.json$|README|CHANGELOG|LICENSE)/;
for (const { path } of files) {
  if (!known.test(path) || path.endsWith('.map')) throw new Error(`the package needs no ${path}`);
}
npx('publint', '--strict', `build/${filename}`);
// Resolvers older than `exports` see the main entry only.
npx('attw', '--profile', 'node16', '--no-emoji', '--format', 'ascii', `build/${filename}`);
