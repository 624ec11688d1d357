/** A PostgreSQL server of its own for tests that freeze and kill it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './server.js';

/** It refuses to run as root. */
interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

export class PrivatePostgres {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly bin: string,
    private readonly account: Account,
    private readonly port: number,
  ) {}

  /** Started and answering; the caller removes it. Rejects when there is no PostgreSQL on this machine. */
  static async start(): Promise<PrivatePostgres> {
    const bin = binaries();
    const account = unprivileged();
    const folder = mkdtempSync(join(tmpdir(), 'create-mcp-server-postgres-'));
    chmodSync(folder, 0o755);
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (account.uid !== undefined) chownSync(data, account.uid, account.gid ?? account.uid);
    const args = ['-D', data, '-U', 'test', '--auth=trust', '--no-sync', '--encoding=UTF8'];
    execFileSync(join(bin, 'initdb'), args, { ...account, cwd: '/', stdio: 'pipe' });
    makeCertificate(folder, data, account);
    const postgres = new PrivatePostgres(folder, bin, account, await freePort());
    await postgres.start();
    return postgres;
  }

  get url(): string {
    return `postgres://test@127.0.0.1:${this.port}/postgres`;
  }

  /** The same, encrypted and with a certificate that is checked. */
  get tlsUrl(): string {
    const authority = encodeURIComponent(join(this.folder, 'certificate.pem'));
    return `postgres://test@localhost:${this.port}/postgres?sslmode=verify-full&sslrootcert=${authority}`;
  }

  get address(): number {
    return this.port;
  }

  async start(): Promise<void> {
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=on',
      'ssl=on',
    ];
    const args = ['-D', join(this.folder, 'data'), '-p', String(this.port)];
    this.#child = spawn(
      join(this.bin, 'postgres'),
      [...args, ...settings.flatMap((setting) => ['-c', setting])],
      { ...this.account, cwd: '/', stdio: 'ignore' },
    );
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await this.#answers()) return;
      await sleep(50);
    }
    throw new Error('postgres does not answer.');
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** As after a crash: nothing is written, connections break. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    this.thaw();
    child.kill('SIGQUIT');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    const parent = this.#child?.pid;
    if (parent === undefined) return;
    for (const pid of [parent, ...childrenOf(parent)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** For `localhost`, signed by itself, where the server looks for it. */
function makeCertificate(folder: string, data: string, account: Account): void {
  const certificate = join(folder, 'certificate.pem');
  const key = join(data, 'server.key');
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-nodes', '-keyout', key, '-out', join(data, 'server.crt')];
  execFileSync('openssl', [...request, ...names, ...files], {
    ...account,
    cwd: '/',
    stdio: 'pipe',
  });
  chmodSync(key, 0o600);
  copyFileSync(join(data, 'server.crt'), certificate);
}

/** @throws when there are none. */
function binaries(): string {
  return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
}

function unprivileged(): Account {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!(pid > 0)) return false;
      try {
        const [, , ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '0 ')
          .split(' ');
        return Number(ppid) === parent;
      } catch {
        return false;
      }
    });
}
