/**
 * PostgreSQL inside of this process, for tests where no server answers: PGlite, which is PostgreSQL 18 compiled to WebAssembly.
 *
 * It is one session. Connections take turns, as behind a pooler in transaction mode: a connection has the session until it is outside
 * of a transaction, and nothing of it is left for the next one. What needs two sessions at the same time, a lock that outlives a
 * transaction, `statement_timeout` or a cancelled query needs a real server.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';

export interface EmbeddedPostgres {
  /** For `DATABASE_URL`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an empty database on a port of this machine. Takes seconds; the caller closes it. */
export async function startEmbeddedPostgres(): Promise<EmbeddedPostgres> {
  const database = await PGlite.create();
  const session = new Session(database);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => {});
    const connection = new Connection(socket, session);
    socket.on('data', (data) => connection.receive(data));
    socket.once('close', () => {
      sockets.delete(socket);
      session.leave(connection);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await session.end();
    },
  };
}

/** Messages of a client that are answered together. */
interface Turn {
  readonly connection: Connection;
  readonly messages: Uint8Array;
}

/** The one session of the database. */
class Session {
  readonly #waiting: Turn[] = [];
  /** Who had it last; a transaction of theirs may be open. */
  #owner: Connection | undefined;
  #isInTransaction = false;
  #working: Promise<void> | undefined;
  #isOver = false;

  constructor(private readonly database: PGlite) {}

  enter(turn: Turn): void {
    this.#waiting.push(turn);
    this.#work();
  }

  /** Its connection has ended, and with it its transaction. */
  leave(connection: Connection): void {
    for (const [index, turn] of [...this.#waiting.entries()].reverse()) {
      if (turn.connection === connection) this.#waiting.splice(index, 1);
    }
    if (this.#owner === connection && !this.#isOver) {
      this.enter({ connection, messages: ROLLBACK });
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#waiting.length = 0;
    await this.#working;
    await this.database.close();
  }

  #work(): void {
    this.#working ??= this.#workOff().finally(() => {
      this.#working = undefined;
    });
  }

  async #workOff(): Promise<void> {
    for (let turn = this.#next(); turn !== undefined; turn = this.#next()) {
      const { connection, messages } = turn;
      try {
        if (this.#owner !== connection) {
          this.#owner = connection;
          await this.database.exec('DISCARD ALL');
          await this.database.exec(connection.settings);
        }
        const answer = await this.database.execProtocolRaw(messages);
        // The last message is ReadyForQuery, whose last byte is I outside of a transaction, and E in one that has failed.
        const state = String.fromCharCode(answer.at(-1) ?? 0);
        this.#isInTransaction = state !== 'I';
        // The session goes back to what is set for it, and the connection to what it has asked for.
        if (RESET.test(textOf(messages)) && state !== 'E') {
          await this.database.exec(connection.settings);
        }
        connection.send(answer);
      } catch (error) {
        this.#isInTransaction = false;
        connection.end(error);
      }
    }
  }

  #next(): Turn | undefined {
    const index = this.#isInTransaction
      ? this.#waiting.findIndex(({ connection }) => connection === this.#owner)
      : 0;
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }
}

const PROTOCOL_3 = 196_608;
const SSL_REQUEST = 80_877_103;
/** A simple query that resets settings. */
const RESET = /^Q[\s\S]{4}\s*(?:RESET|DISCARD)\b/i;

/**
 * A connection of a client.
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
class Connection {
  /** The statements that give the session what the client has asked for at its start. */
  settings = '';
  #received = Buffer.alloc(0);
  #hasStarted = false;
  /** What came since the last Sync. */
  #messages: Buffer[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly session: Session,
  ) {}

  send(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** The client's query fails with the reason. */
  end(error: unknown): void {
    const fields = ['SFATAL', 'VFATAL', 'C58000', `M${String(error)}`, ''].join('\0');
    this.socket.end(message('E', `${fields}\0`));
  }

  receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      if (this.#hasStarted) this.#onMessage(message);
      else this.#onStart(message);
    }
  }

  /** The next whole message: a letter, the first ones excepted, a length that counts itself, and what it says. */
  #take(): Buffer | undefined {
    const letter = this.#hasStarted ? 1 : 0;
    if (this.#received.length < letter + 4) return undefined;
    const length = letter + this.#received.readUInt32BE(letter);
    if (this.#received.length < length) return undefined;
    const message = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return message;
  }

  #onStart(message: Buffer): void {
    const code = message.readUInt32BE(4);
    if (code === SSL_REQUEST) {
      this.socket.write('N');
    } else if (code === PROTOCOL_3) {
      const words = message.toString('utf8', 8).split('\0');
      this.settings = settingsOf(words);
      this.#hasStarted = true;
      this.send(WELCOME);
    } else {
      // A request to cancel: there is nobody who could look at it while a statement runs.
      this.socket.end();
    }
  }

  #onMessage(message: Buffer): void {
    const kind = String.fromCharCode(message[0] ?? 0);
    if (kind === 'X') {
      this.socket.end();
      return;
    }
    this.#messages.push(message);
    // Sync, and a simple query, end with ReadyForQuery.
    if (kind !== 'S' && kind !== 'Q') return;
    this.session.enter({ connection: this, messages: Buffer.concat(this.#messages) });
    this.#messages = [];
  }
}

/** Names and values that a client starts with, among them `options=-c name=value`, as statements. */
function settingsOf(words: readonly string[]): string {
  const settings = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    const [name = '', value = ''] = words.slice(index, index + 2);
    if (name === 'options') {
      for (const [, key = '', text = ''] of value.matchAll(/-c\s*([\w.]+)=(\S*)/g)) {
        settings.set(key, text);
      }
    } else if (name !== '' && name !== 'user' && name !== 'database') settings.set(name, value);
  }
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return [...settings]
    .map(([name, value]) => `SELECT set_config(${literal(name)}, ${literal(value)}, false);`)
    .join(' ');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1', 0, 100);
}

function message(kind: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const ROLLBACK = message('Q', 'ROLLBACK\0');

/** AuthenticationOk, what clients want to know of the server, a key that cancels nothing, ReadyForQuery. */
const WELCOME = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('S', 'server_version\x0018.0\0'),
  message('S', 'client_encoding\0UTF8\0'),
  message('S', 'standard_conforming_strings\0on\0'),
  message('K', Buffer.alloc(8)),
  message('Z', 'I'),
]);
