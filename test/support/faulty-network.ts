/** A TCP proxy in front of a service, for networks that fail in ways in which no process does. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface FaultyNetwork {
  readonly port: number;
  /** Connections of now carry nothing any more, and nobody is told. New ones work. */
  swallow(): void;
  close(): Promise<void>;
}

/** Forwards to a port of this machine. The caller closes it. */
export async function faultyNetwork(target: number): Promise<FaultyNetwork> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => {}).once('close', () => open.delete(from));
      from.once('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      for (const socket of open) socket.unpipe().pause();
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
