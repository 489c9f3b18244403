// Never run: what the compiler takes and refuses.
import { ApiError, type Post, Posthaste } from '@posthaste/sdk';
import { verify } from '@posthaste/sdk/webhooks';

export async function types(client: Posthaste): Promise<void> {
  const read: Post = await client.posts.get('post_1');
  const status: string = read.status;
  for await (const target of client.targets.list.all({ filter: { states: ['FAILED'] } })) {
    console.log(status, target.post?.id, target.connection.name);
  }
  await client.posts.list();
  await client.posts.list({ first: 3 }, { signal: new AbortController().signal });
  await client.sessions.delete();
  await client.viewer.get({ timeout: 5 });

  const { post } = await client.posts.create({ text: 'a' });
  console.log(post.id);
  const payload = await client.posts.create({ text: 'a' }, { throwOnErrors: false });
  // @ts-expect-error: with mistakes there is none.
  console.log(payload.post.id, payload.errors);
  const trial = await client.posts.create({ text: 'a', dryRun: true });
  console.log(trial.dryRun?.renditions[0]?.remaining);
  // @ts-expect-error: only of a dry run.
  console.log(trial.dryRun.renditions);
  const job = await client.bulkJobs.upload(new Blob(['']), { format: 'CSV', timeZone: 'Europe/Paris' });
  console.log(job.id);
  // @ts-expect-error: there is no such field.
  await client.posts.create({ txt: 'a' });
  // @ts-expect-error: a mutation needs its input.
  await client.posts.create();
  // @ts-expect-error: timelines are of one target.
  await client.targets.timeline();

  const error: unknown = new Error();
  if (error instanceof ApiError && error.code === 'NOT_FOUND') console.log(error.retryAfter);
  const webhook = await verify<{ post: Post }>('', {}, ['whsec_1']);
  console.log(webhook.data.post.id, webhook.sequence);
}
