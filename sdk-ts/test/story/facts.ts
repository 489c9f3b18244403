import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ClientOptions, Connection, Posthaste } from '@posthaste/sdk';
import { WebSocket } from 'ws';

/** The package's folder. */
export const PACKAGE = new URL('../../../', import.meta.url);

export const PICTURE = new URL('../sandbox/examples/harbor.jpg', PACKAGE);

export const NETWORKS = ['FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X'];

export const webSocket = WebSocket as unknown as NonNullable<ClientOptions['webSocket']>;

/** X refuses what it read before. */
export const unique = (text: string) => `${text} ${randomUUID()}`;

/** The account of the seed on each network. */
export async function firstAccounts(client: Posthaste): Promise<Connection[]> {
  const all = await client.connections.list.all().toArray();
  return NETWORKS.map(
    (network) =>
      all.find((one) => one.network === network && one.username === 'harborstreet') ?? assert.fail(`none on ${network}`),
  );
}
