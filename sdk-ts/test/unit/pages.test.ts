import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { asked, json, stub } from '../stub.js';

const ALL = ['a', 'b', 'c', 'd', 'e'];

/** A list of five posts whose cursors are their positions. */
async function five(t: TestContext) {
  return stub(t, (seen, response) => {
    const { first, after, last, before } = asked(seen).variables as Record<string, number | string | undefined>;
    const start = after === undefined ? 0 : Number(after) + 1;
    const end = before === undefined ? ALL.length : Number(before);
    const from = last === undefined ? start : Math.max(start, end - Number(last));
    const to = first === undefined ? end : Math.min(end, from + Number(first));
    const nodes = ALL.slice(from, to).map((id) => ({ id }));
    const pageInfo = {
      startCursor: String(from),
      endCursor: String(to - 1),
      hasNextPage: to < ALL.length,
      hasPreviousPage: from > 0,
    };
    json(response, { data: { posts: { nodes, pageInfo } } });
  });
}

test('all items come, page by page while they are read', async (t) => {
  const { client, requests } = await five(t);
  const seen: string[] = [];
  for await (const post of client.posts.list.all({ first: 2, filter: { text: 'bread' } })) {
    seen.push(post.id);
    assert.equal(requests.length, Math.ceil(seen.length / 2));
  }
  assert.deepEqual(seen, ALL);
  assert.deepEqual(requests.map((request) => asked(request).variables), [
    { first: 2, filter: { text: 'bread' } },
    { first: 2, filter: { text: 'bread' }, after: '1' },
    { first: 2, filter: { text: 'bread' }, after: '3' },
  ]);
});

test('with last the list is read from its end', async (t) => {
  const { client } = await five(t);
  const posts = await client.posts.list.all({ last: 2 }).toArray();
  assert.deepEqual(posts.map(({ id }) => id), [...ALL].reverse());
});

test('an array stops at its limit, pages are as the server gave them', async (t) => {
  const { client, requests } = await five(t);
  assert.equal((await client.posts.list.all({ first: 2 }).toArray({ limit: 2 })).length, 2);
  assert.equal(requests.length, 1);
  assert.deepEqual(await client.posts.list.all().toArray({ limit: 0 }), []);
  const sizes: number[] = [];
  for await (const { nodes } of client.posts.list.all({ first: 3 }).pages()) sizes.push(nodes.length);
  assert.deepEqual(sizes, [3, 2]);
  assert.equal((await client.posts.list()).nodes.length, 5);
});
