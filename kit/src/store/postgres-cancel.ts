import { isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';

/** How long one request may take, and how long until the next one, in milliseconds. */
const REQUEST_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/** What the types of `pg` leave out. */
interface Backend {
  readonly processID: number;
  readonly secretKey: number;
  readonly sslNegotiation: string;
  /** Or `false`, or `true` for what Node.js does by default. A key is not enumerable. */
  readonly ssl: ConnectionOptions;
}
interface Messenger extends pg.Connection {
  connect(port: number, host: string): void;
  connect(socketPath: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/**
 * Asks the database to stop the query of a connection until it has ended. A request is lost on a query that has not started
 * yet, so it is repeated, one at a time.
 * @returns whether all requests have arrived: one that is still on its way would stop the connection's next query.
 */
export async function cancelUntilOver(
  client: pg.PoolClient,
  query: Promise<unknown>,
): Promise<boolean> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  const ended = query.then(end, end);
  let arrived = true;
  for (let pause = FIRST_PAUSE_MS; !isOver; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    arrived = (await requestCancel(client)) && arrived;
    await Promise.race([ended, sleep(pause, undefined, { ref: false })]);
  }
  return arrived;
}

/**
 * Sends one request to cancel, over a connection of its own that the database does not count. It goes to the address, and with
 * the encryption, of the connection concerned: behind the host's name may be several servers.
 * @returns whether the server has read it: then it closes the connection.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function requestCancel(client: pg.PoolClient): Promise<boolean> {
  const { processID, secretKey, sslNegotiation, ssl } = client as unknown as Backend;
  const { host, port } = client;
  const { remoteAddress = host, remotePort = port } = client.connection.stream as Socket;
  const tls = ssl && { ...ssl, key: ssl.key, ...nameOf(host) };
  return new Promise((resolve) => {
    const options = { ssl: tls, sslNegotiation } as pg.ConnectionConfig;
    const connection = new pg.Connection(options) as Messenger;
    let isSent = false;
    const send = () => {
      connection.cancel(processID, secretKey);
      isSent = true;
    };
    const finish = (hasArrived: boolean) => {
      clearTimeout(timer);
      connection.stream.destroy();
      resolve(hasArrived);
    };
    const timer = setTimeout(finish, REQUEST_MS, false);
    connection.on('connect', () => {
      if (!tls) send();
      else if (sslNegotiation !== 'direct') connection.requestSsl();
    });
    connection.on('sslconnect', send);
    connection.on('error', () => finish(false));
    connection.once('end', () => finish(isSent));
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(remotePort, remoteAddress);
  });
}

/** Whom the certificate has to be for. */
function nameOf(host: string): { host: string; servername?: string } {
  return isIP(host) ? { host } : { host, servername: host };
}
