// `client.posts.create(…)`: functions by noun and verb, from the `# client:` lines.
import { HEADER, comment, isPage } from './read.mjs';

/** Functions written by hand, and their modules, by namespace. */
const BY_HAND = { bulkJobs: ['bulkUploads', 'bulk'], media: ['uploads', 'upload'] };

export function printNamespaces(api) {
  const namespaces = group(api.operations);
  const bodies = [...namespaces].map(([name, operations]) => printNamespace(name, operations));
  const calls = [...new Set(api.operations.map((operation) => call(operation)))].sort();
  return [
    HEADER,
    [
      `import { ${calls.join(', ')} } from '../call.js';`,
      "import { Client } from '../client.js';",
      ...Object.values(BY_HAND).map(([name, module]) => `import { ${name} } from '../${module}.js';`),
      "import * as documents from './documents.js';\n",
    ].join('\n'),
    `/** All operations, by noun and verb. */\nexport class Api extends Client {\n${bodies.join('\n')}}\n`,
  ].join('\n');
}

function group(operations) {
  const groups = new Map();
  for (const operation of operations) {
    groups.set(operation.namespace, [...(groups.get(operation.namespace) ?? []), operation]);
  }
  return groups;
}

function printNamespace(name, operations) {
  const head = operations.find((operation) => operation.method === 'head');
  const hand = BY_HAND[name] ? `    ...${BY_HAND[name][0]}(this),\n` : '';
  const methods = operations.map((operation) => {
    const told = comment(operation.field.description, '    ', operation.field.deprecationReason);
    // A log is followed from its end on.
    const start = head && operation.kind === 'subscription' ? `, documents.${head.name}` : '';
    return `${told}    ${operation.method}: ${call(operation)}(this, documents.${operation.name}${start}),\n`;
  });
  return `  readonly ${name} = {\n${hand}${methods.join('')}  };\n`;
}

/** The function of call.ts whose arguments fit the operation's variables. */
function call(operation) {
  const variables = operation.definition.variableDefinitions.map((variable) => variable.variable.name.value);
  const only = (name) => variables.length === 1 && variables[0] === name;
  if (operation.kind === 'subscription') return 'following';
  if (operation.kind === 'mutation') return variables.length ? 'changing' : 'changingNothing';
  if (isPage(operation.selection)) return 'listing';
  if (!variables.length) return 'reading';
  if (only('id')) return 'readingById';
  if (only('ids')) return 'readingByIds';
  if (only('input')) return 'readingByInput';
  return 'readingWith';
}
