// The documents, as plain objects that a bundler can leave out.
import { HEADER, spreads } from './read.mjs';
import { resultOf } from './types.mjs';

export function printDocuments(api) {
  const fragments = [...api.fragments.values()].map(
    (file) => `const ${file.definition.name.value} = ${template(file.text)};\n`,
  );
  return [
    HEADER,
    "import type { Document } from '../document.js';\nimport type * as t from './types.js';\n",
    ...fragments,
    ...api.operations.map((operation) => printDocument(api, operation)),
  ].join('\n');
}

function printDocument(api, operation) {
  const { name, kind, definition, fields } = operation;
  const variables = definition.variableDefinitions.length ? `t.${name}Variables` : 'Record<string, never>';
  // A list, not one text put together here: bundlers leave out what only stands in lists.
  const fragments = spreads(definition, api.fragments).join(', ');
  return [
    `/** \`${operation.client}\`: the ${kind} \`${fields.join('.')}\`. */`,
    `export const ${name}: Document<${qualified(resultOf(api, operation))}, ${variables}> = {`,
    `  kind: '${kind}',`,
    `  name: '${name}',`,
    `  fields: [${fields.map((field) => `'${field}'`).join(', ')}],`,
    `  text: ${template(operation.text)},`,
    ...(fragments ? [`  fragments: [${fragments}],`] : []),
    '};\n',
  ].join('\n');
}

/** Names of types are those of types.ts. */
export function qualified(type) {
  return type.replace(/\b(?!Array\b)[A-Z]\w*/g, 't.$&');
}

/** Text is sent as it stands in the file, so that its hash is the one of the manifest. */
function template(text) {
  return '`' + text.replace(/[\\`]|\$\{/g, '\\$&') + '`';
}
