// Enums, inputs, and the shapes of fragments, results and variables, with the schema's descriptions.
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isAbstractType,
  typeFromAST,
} from 'graphql';
import { HEADER, comment } from './read.mjs';

const SCALARS = {
  Boolean: 'boolean',
  DateTime: 'string',
  Float: 'number',
  ID: 'string',
  Int: 'number',
  JSON: 'unknown',
  LocalDateTime: 'string',
  String: 'string',
};

export function printTypes(api) {
  const types = Object.values(api.schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));
  return [
    HEADER,
    ...types.filter(isEnumType).map(printEnum),
    ...types.filter(isInputObjectType).map(printInput),
    ...[...api.fragments.values()].map((file) => printFragment(api, file)),
    ...api.operations.map((operation) => printOperation(api, operation)),
  ].join('\n');
}

/** Servers may know more values than this version: any string is taken, the known ones are offered. */
function printEnum(type) {
  const values = type.getValues().map((value) => `${comment(value.description, '  ')}  | '${value.name}'\n`);
  return `${comment(type.description)}export type ${type.name} =\n${values.join('')}  | (string & {});\n`;
}

function printInput(type) {
  const fields = Object.values(type.getFields()).map((field) => printArgument(field));
  return `${comment(type.description)}export interface ${type.name} {\n${fields.join('')}}\n`;
}

function printArgument({ name, description, type, defaultValue, deprecationReason }) {
  const optional = !isNonNullType(type) || defaultValue !== undefined;
  const end = optional ? `?: ${bare(type)} | null | undefined` : `: ${bare(type)}`;
  return `${comment(description, '  ', deprecationReason)}  ${name}${end};\n`;
}

/** The type as an input takes it, without null at its top. */
function bare(type) {
  if (isNonNullType(type)) return bare(type.ofType);
  if (isListType(type)) return `ReadonlyArray<${inner(type.ofType)}>`;
  return leaf(type);
}

function inner(type) {
  return isNonNullType(type) ? bare(type) : `${bare(type)} | null`;
}

function leaf(type) {
  if (isEnumType(type) || isInputObjectType(type)) return type.name;
  const known = SCALARS[type.name];
  if (!known) throw new Error(`sdk-ts/generate/types.mjs does not know the scalar ${type.name}`);
  return known;
}

function printFragment(api, { definition, type: name }) {
  const type = api.schema.getType(definition.typeCondition.name.value);
  return comment(type.description) + declare(name, shape(api, type, definition.selectionSet, ''));
}

function declare(name, shape) {
  return shape.startsWith('{') && !shape.includes('\n} ')
    ? `export interface ${name} ${shape}\n`
    : `export type ${name} =${shape.startsWith('\n') ? '' : ' '}${shape};\n`;
}

function printOperation(api, operation) {
  return [printResult(api, operation), printVariables(api, operation)].join('\n');
}

/** The name of the type of an operation's root field, or the words for it when it has no own type. */
export function resultOf(api, { name, field, selection }) {
  const [only, more] = selection.selectionSet?.selections ?? [];
  if (!only) return wrapped(field.type, leaf(getNamedType(field.type)));
  const own = more || only.kind !== 'FragmentSpread';
  return wrapped(field.type, own ? `${name}Result` : api.fragments.get(only.name.value).type);
}

function printResult(api, operation) {
  const name = `${operation.name}Result`;
  if (!resultOf(api, operation).includes(name)) return '';
  const type = getNamedType(operation.field.type);
  return comment(type.description) + declare(name, shape(api, type, operation.selection.selectionSet, ''));
}

function printVariables(api, { name, definition, root, field }) {
  const described = (variable) => [...root.args, ...field.args].find((argument) => argument.name === variable)?.description;
  const lines = definition.variableDefinitions.map((variable) =>
    printArgument({
      name: variable.variable.name.value,
      description: described(variable.variable.name.value) ?? own(variable.variable.name.value),
      type: typeFromAST(api.schema, variable.type),
      defaultValue: variable.defaultValue,
    }),
  );
  return lines.length ? `/** Variables of ${name}. */\nexport interface ${name}Variables {\n${lines.join('')}}\n` : '';
}

/** Variables that are no argument of a field. */
function own(name) {
  return name === 'withTotal' ? 'Whether to count all items, into `totalCount`.' : undefined;
}

/** What a selection of a type looks like. */
function shape(api, type, set, indent) {
  const spread = [];
  const fields = [];
  const cases = new Map();
  for (const selection of set.selections) {
    if (selection.kind === 'FragmentSpread') spread.push(api.fragments.get(selection.name.value).type);
    else if (selection.kind === 'Field') fields.push(selection);
    else cases.set(selection.typeCondition.name.value, selection.selectionSet.selections);
  }
  const literal = (of, all) => object(api, of, all, indent);
  if (isAbstractType(type) && cases.size) {
    const possible = api.schema.getPossibleTypes(type);
    const members = possible.map((member) => literal(member, [...fields, ...(cases.get(member.name) ?? [])]));
    return members.map((member) => `\n${indent}  | ${member.replaceAll('\n', '\n  ')}`).join('');
  }
  return [...spread, ...(fields.length ? [literal(type, fields)] : [])].join(' & ');
}

function object(api, type, fields, indent) {
  const lines = fields.map((selection) => {
    const name = selection.alias?.value ?? selection.name.value;
    if (selection.name.value === '__typename') return `${indent}  __typename: '${type.name}';\n`;
    const field = type.getFields()[selection.name.value];
    const value = selection.selectionSet
      ? shape(api, getNamedType(field.type), selection.selectionSet, `${indent}  `)
      : leaf(getNamedType(field.type));
    const mark = selection.directives.length ? '?:' : ':';
    const told = comment(field.description, `${indent}  `, field.deprecationReason);
    return `${told}${indent}  ${name}${mark} ${wrapped(field.type, value)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

/** Lists and null around a value as the schema has them. */
function wrapped(type, value) {
  if (isNonNullType(type)) return solid(type.ofType, value);
  return `${solid(type, value)} | null`;
}

function solid(type, value) {
  return isListType(type) ? `Array<${wrapped(type.ofType, value)}>` : value;
}

