// The package in a real browser, against the sandbox that POSTHASTE_SANDBOX names.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Posthaste } from '@posthaste/sdk';
import { verify } from '@posthaste/sdk/webhooks';
import { PACKAGE } from './facts.js';

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => {
  try {
    return execFileSync(name, ['--version'], { stdio: 'pipe' });
  } catch {
    return false;
  }
});

const skip = chromium ? false : 'there is no Chromium on this machine';

test('a page uploads, writes, and follows over WebSocket and server-sent events', { skip, timeout: 60_000 }, async (t) => {
  const { facts } = await Posthaste.sandbox();
  const site = await Site.open(t, facts.apiUrl, page(facts.keys['editor'] ?? ''));
  await open(t, site.url);
  const told = JSON.parse(await site.told) as Record<string, unknown>;
  assert.deepEqual(told['error'], undefined);
  const { role, media, events, sockets, code, webhook } = told;
  assert.deepEqual([role, media, code], ['EDITOR', 'image/png', 'NOT_FOUND']);
  const both = ['POST_CREATED', 'POST_DELETED'];
  assert.deepEqual([events, sockets], [[both, both], 1]);
  const { body, headers } = webhook as { body: string; headers: Record<string, string> };
  assert.equal((await verify(body, headers, 'whsec_YWJj')).type, 'test');
});

/** What the browser does; the answers go to `/told`. */
function page(key: string): string {
  const script = `
    import { ApiError, Posthaste } from '@posthaste/sdk';
    import { sign, verify } from '@posthaste/sdk/webhooks';
    async function run() {
      let sockets = 0;
      class Counted extends WebSocket {
        constructor(...all) { super(...all); sockets += 1; }
      }
      const options = { url: location.origin, key: '${key}' };
      const client = new Posthaste({ ...options, webSocket: Counted });
      const { role } = await client.viewer.get();
      const canvas = Object.assign(document.createElement('canvas'), { width: 600, height: 600 });
      canvas.getContext('2d').fillText('Rye', 10, 10);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      const media = await client.media.upload(new File([blob], 'rye.png'), { partSize: 1000 });
      const streams = [client, new Posthaste({ ...options, webSocket: false })];
      const { eventsCursor: after } = await client.events.head();
      const { post } = await client.posts.create({ text: 'Rye. ' + crypto.randomUUID(), media: [{ id: media.id }] });
      await client.posts.delete({ id: post.id });
      const seen = streams.map(async (one) => {
        const types = [];
        for await (const { type, postId } of one.events.follow({ after, types: ['POST_CREATED', 'POST_DELETED'] })) {
          if (postId === post.id && types.push(type) === 2) return types;
        }
      });
      const events = await Promise.all(seen);
      const code = await client.posts.get(post.id).catch((error) => error instanceof ApiError && error.code);
      client.close();
      const body = JSON.stringify({ type: 'test', data: {} });
      const headers = await sign(body, 'whsec_YWJj');
      await verify(body, headers, 'whsec_YWJj');
      return { role, media: media.contentType, events, sockets, code, webhook: { body, headers } };
    }
    const told = await run().catch((error) => ({ error: String(error.stack ?? error) }));
    await fetch('/told', { method: 'POST', body: JSON.stringify(told) });`;
  const imports = {
    '@posthaste/sdk': '/dist/esm/index.js',
    '@posthaste/sdk/webhooks': '/dist/esm/webhooks.js',
    'graphql-ws/client': '/node_modules/graphql-ws/dist/client.js',
  };
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module">${script}</script>`;
}

/** The page, the package, and behind the same address the API: as a reverse proxy has them. */
class Site {
  readonly told: Promise<string>;
  #tell: (text: string) => void = () => {};

  private constructor(
    readonly url: string,
    readonly html: string,
    readonly api: URL,
  ) {
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  static async open(t: TestContext, apiUrl: string, html: string): Promise<Site> {
    const server = createServer((asked, response) => void site.answer(asked, response));
    server.on('upgrade', (asked: IncomingMessage, inner, head) => {
      const outer = connect(Number(site.api.port), site.api.hostname);
      const lines = asked.rawHeaders.reduce((all, part, n) => all + part + (n % 2 ? '\r\n' : ': '), '');
      outer.write(`GET ${asked.url} HTTP/1.1\r\n${lines}\r\n`);
      outer.write(head);
      inner.on('error', () => {}).pipe(outer.on('error', () => {})).pipe(inner);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const site = new Site(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, html, new URL(apiUrl));
    return site;
  }

  async answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = asked.url ?? '/';
    if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(this.html);
    if (/^\/(dist|node_modules)\//.test(path)) {
      const script = readFileSync(new URL(`.${path}`, PACKAGE));
      return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    }
    if (path === '/told') {
      const parts: Buffer[] = [];
      for await (const part of asked) parts.push(part as Buffer);
      this.#tell(Buffer.concat(parts).toString());
      return void response.writeHead(204).end();
    }
    const { method, headers } = asked;
    const passed = request(new URL(path, this.api), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    response.on('close', () => passed.destroy());
    asked.pipe(passed.on('error', () => response.destroy()));
  }
}

/** Opens an address without a window. */
async function open(t: TestContext, url: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'posthaste-sdk-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const browser: ChildProcess = spawn(chromium ?? '', [...flags, `--user-data-dir=${home}`, url], { stdio: 'ignore' });
  t.after(async () => {
    const ended = once(browser, 'exit');
    browser.kill();
    await ended;
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
}
