/** A Redis server of its own for tests that freeze and kill it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { PrivateProcess } from './private-process.js';

export class PrivateRedis extends PrivateProcess {
  private constructor(private readonly port: number) {
    super();
  }

  /** Started and answering. Rejects when there is no `redis-server`; the caller kills it. */
  static async start(): Promise<PrivateRedis> {
    const redis = new PrivateRedis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, empty. */
  async start(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', ''];
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    this.child = child;
    await once(child, 'spawn');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (await this.#answers()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('redis-server does not answer.');
  }

  async #answers(): Promise<boolean> {
    return (await this.command('PING').catch(() => '')).startsWith('+PONG');
  }

  /** The raw answer to one command without blanks in its words. */
  command(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${line}\r\n`));
      socket.once('error', reject);
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
