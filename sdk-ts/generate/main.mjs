// Prints the generated files as one JSON object, contents by path; `cargo xtask gen` writes them.
import { readApi } from './read.mjs';
import { printTypes } from './types.mjs';
import { printDocuments } from './documents.mjs';
import { printNamespaces } from './namespaces.mjs';

const api = readApi(new URL('../../', import.meta.url));
const files = {
  'sdk-ts/src/generated/types.ts': printTypes(api),
  'sdk-ts/src/generated/documents.ts': printDocuments(api),
  'sdk-ts/src/generated/namespaces.ts': printNamespaces(api),
};
process.stdout.write(JSON.stringify(files));
