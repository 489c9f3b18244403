import { type Server, type Socket, connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';

/** Passes bytes on, until it drops all connections. */
export class Proxy {
  opened = 0;
  drops = 0;
  #sockets = new Set<Socket>();

  private constructor(readonly url: string) {}

  static async open(t: TestContext, apiUrl: string): Promise<Proxy> {
    const { hostname, port } = new URL(apiUrl);
    const server: Server = createServer((inner) => {
      const outer = connect(Number(port), hostname);
      proxy.opened += 1;
      for (const [from, to] of [[inner, outer], [outer, inner]] as const) {
        proxy.#sockets.add(from);
        from.on('error', () => {}).on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new Proxy(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    t.after(() => {
      proxy.drop();
      server.close();
    });
    return proxy;
  }

  drop(): void {
    this.drops += 1;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
