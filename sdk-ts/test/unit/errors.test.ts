import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, PosthasteError, TransportError, UserErrors } from '@posthaste/sdk';
import { json, refused, stub } from '../stub.js';

const MISTAKE = {
  __typename: 'UserError',
  code: 'TEXT_TOO_LONG',
  message: 'The text is too long for X.',
  path: ['text'],
  advice: 'Shorten it.',
  retryable: false,
  docsUrl: 'https://posthaste.test/docs/errors#text-too-long',
};

test('a refused request is an ApiError with its code', async (t) => {
  const { client, requests } = await stub(t, (_, response) =>
    json(
      response,
      {
        data: null,
        errors: [
          {
            message: 'There is no such post.',
            path: ['post'],
            extensions: {
              code: 'NOT_FOUND',
              retryable: false,
              advice: 'Check the id.',
              docsUrl: 'https://posthaste.test/docs/errors#not-found',
              path: ['id'],
              requestId: 'req_1',
            },
          },
          { message: 'odd' },
        ],
      },
      404,
    ),
  );
  const error = await refused(client.posts.get('post_1'), ApiError);
  assert.ok(error instanceof PosthasteError);
  assert.deepEqual(
    [error.name, error.message, error.code, error.status, error.requestId, error.retryable, error.path, error.advice],
    ['ApiError', 'NOT_FOUND: There is no such post.', 'NOT_FOUND', 404, 'req_1', false, ['id'], 'Check the id.'],
  );
  assert.deepEqual(error.problems.map(({ code }) => code), ['NOT_FOUND', 'INTERNAL']);
  assert.equal(requests.length, 1);
});

test('an ApiError that may pass is tried again', async (t) => {
  const limited = { code: 'RATE_LIMITED', retryable: true, retryAfter: 0 };
  const { client, requests } = await stub(t, (_, response, n) =>
    n === 0
      ? json(response, { errors: [{ message: 'Wait.', extensions: limited }] }, 429)
      : json(response, { data: { viewer: { role: 'OWNER' } } }),
  );
  assert.equal((await client.viewer.get()).role, 'OWNER');
  assert.equal(requests.length, 2);
});

test('mistakes of a mutation are thrown together', async (t) => {
  const payload = { post: null, errors: [MISTAKE, { ...MISTAKE, code: 'TITLE_TOO_LONG' }], warnings: [] };
  const { client } = await stub(t, (_, response) => json(response, { data: { postCreate: payload } }));
  const error = await refused(client.posts.create({ text: 'a' }), UserErrors);
  assert.deepEqual(
    [error.code, error.has('TITLE_TOO_LONG'), error.has('NOT_FOUND'), error.requestId],
    ['TEXT_TOO_LONG', true, false, 'req_1'],
  );
  assert.deepEqual(error.errors, payload.errors);
  assert.equal(error.message, 'TEXT_TOO_LONG: The text is too long for X.\nTITLE_TOO_LONG: The text is too long for X.');
  assert.deepEqual(await client.posts.create({ text: 'a' }, { throwOnErrors: false }), payload);
});

test('a typed mistake carries the thing it is about', async (t) => {
  const existing = { __typename: 'Post', id: 'post_1', postStatus: 'DRAFT' };
  const connection = { id: 'conn_1', network: 'X', name: 'Bakery' };
  const payload = {
    post: null,
    errors: [
      { ...MISTAKE, __typename: 'ConflictError', code: 'VERSION_CONFLICT', conflicting: 'version', currentVersion: 3, existing },
      { ...MISTAKE, __typename: 'ReconnectRequired', code: 'RECONNECT_REQUIRED', mutation: 'connectionReconnect', connection },
    ],
    warnings: [],
  };
  const { client } = await stub(t, (_, response) => json(response, { data: { postUpdate: payload } }));
  const error = await refused(client.posts.update({ id: 'post_1', version: 1, text: 'a' }), UserErrors);
  const [conflict, reconnect] = error.errors;
  assert.ok(conflict?.__typename === 'ConflictError' && reconnect?.__typename === 'ReconnectRequired');
  assert.deepEqual([conflict.currentVersion, conflict.existing?.id], [3, 'post_1']);
  assert.deepEqual([reconnect.mutation, reconnect.connection?.name], ['connectionReconnect', 'Bakery']);
});

test('a problem document is an ApiError, another page is none', async (t) => {
  const { client } = await stub(t, (_, response, n) => {
    if (n > 0) return response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>');
    json(response, { type: 'https://posthaste.test/docs/errors#unauthenticated', title: 'No credential', status: 401,
      detail: 'Send a key.', code: 'UNAUTHENTICATED', advice: 'Send one.', retryable: false, requestId: 'req_1' }, 401);
  });
  const error = await refused(client.viewer.get(), ApiError);
  assert.deepEqual([error.code, error.message], ['UNAUTHENTICATED', 'UNAUTHENTICATED: Send a key.']);
  const other = await refused(client.viewer.get(), TransportError);
  assert.deepEqual([other.reason, other.status, other.retryable], ['answer', 200, false]);
});

test('what the caller\u2019s own functions throw is the caller\u2019s', async (t) => {
  const { client, requests } = await stub(t, () => {}, {
    key: () => {
      throw new RangeError('no token');
    },
  });
  await assert.rejects(client.viewer.get(), { name: 'RangeError', message: 'no token' });
  assert.equal(requests.length, 0);
});
