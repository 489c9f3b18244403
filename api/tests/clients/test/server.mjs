// The server under test, and a wire to it that can be cut.
import net from 'node:net';
import assert from 'node:assert/strict';

const { POSTHASTE_URL, POSTHASTE_KEY } = process.env;
assert(POSTHASTE_URL && POSTHASTE_KEY, 'set POSTHASTE_URL and POSTHASTE_KEY');

export const key = POSTHASTE_KEY;
export const url = `${POSTHASTE_URL}/graphql`;
export const socketUrl = url.replace(/^http/, 'ws');
export const headers = { authorization: `Bearer ${key}` };

/** Executes a document; errors fail the test. */
export async function ask(query, variables = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

/** Writes a draft and returns its id. */
export async function draft(text) {
  const { postCreate } = await ask(
    'mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } errors { code } } }',
    { input: { text } },
  );
  assert.deepEqual(postCreate.errors, []);
  return postCreate.post.id;
}

/** Writes drafts one after the other. */
export async function drafts(...texts) {
  const ids = [];
  for (const text of texts) ids.push(await draft(text));
  return ids;
}

/** The log's newest cursor. */
export async function head() {
  await draft('the newest');
  let cursor = null;
  for (;;) {
    const { events } = await ask(
      'query($after: String) { events(after: $after, first: 100) { pageInfo { endCursor hasNextPage } } }',
      { after: cursor },
    );
    cursor = events.pageInfo.endCursor ?? cursor;
    if (!events.pageInfo.hasNextPage) return cursor;
  }
}

/** A wire to the server; `cut` breaks all connections that go through it. */
export async function wire() {
  const target = new URL(url);
  const open = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = server.address().port;
  return {
    url: through.href,
    socketUrl: through.href.replace(/^http/, 'ws'),
    cut: () => open.forEach((socket) => socket.destroy()),
    close() {
      server.close();
      this.cut();
    },
  };
}
