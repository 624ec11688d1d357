/** A balancer of the tests: each request goes to the next replica that is ready, whoever sends it. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOK_MS = 50;

/** Errors of a connection that never came about: the request was not sent, so it may be sent elsewhere. */
const NOT_SENT = ['ECONNREFUSED'];

export class RoundRobin {
  readonly #ports: number[] = [];
  readonly #ready = new Set<number>();
  readonly #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  readonly #look = setInterval(() => void this.#lookAtAll(), LOOK_MS);
  #next = 0;
  /** How many requests each replica got. */
  readonly requests = new Map<number, number>();

  private constructor() {}

  static async start(ports: readonly number[]): Promise<RoundRobin> {
    const balancer = new RoundRobin();
    balancer.#ports.push(...ports);
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    await balancer.#lookAtAll();
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  close(): void {
    clearInterval(this.#look);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all(
      this.#ports.map(async (port) => {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
        if (answer?.ok) this.#ready.add(port);
        else this.#ready.delete(port);
        await answer?.body?.cancel();
      }),
    );
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    this.#send(incoming, outgoing, Buffer.concat(chunks), this.#ports.length);
  }

  #send(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, tries: number): void {
    const ready = this.#ports.filter((port) => this.#ready.has(port));
    const port = ready[this.#next++ % ready.length];
    if (port === undefined || tries === 0) {
      refuse(outgoing, 'no replica is ready');
      return;
    }
    const { method = 'POST', url = '/', headers } = incoming;
    const sent = request({ port, host: '127.0.0.1', method, path: url, headers, agent: false });
    sent.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.once('error', () => outgoing.destroy()).pipe(outgoing);
    });
    sent.once('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy();
      this.#ready.delete(port);
      if (NOT_SENT.includes(error.code ?? '')) this.#send(incoming, outgoing, body, tries - 1);
      else refuse(outgoing, error.code ?? error.message);
    });
    outgoing.once('close', () => sent.destroy());
    this.requests.set(port, (this.requests.get(port) ?? 0) + 1);
    sent.end(body);
  }
}

/** An answer of the balancer's own, in the form of the protocol's errors. */
function refuse(outgoing: ServerResponse, message: string): void {
  outgoing.writeHead(502, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ error: { code: 502, message } }));
}
