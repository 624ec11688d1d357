/** A MariaDB or MySQL server of its own for tests that freeze and kill it. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { PrivateProcess } from './private-process.js';
import { freePort } from './server.js';

export class PrivateMysql extends PrivateProcess {
  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {
    super();
  }

  /** Started and answering, with an empty database; the caller removes it. Rejects when there is no MariaDB on this machine. */
  static async start(): Promise<PrivateMysql> {
    const folder = mkdtempSync(join(tmpdir(), 'create-mcp-server-mysql-'));
    chmodSync(folder, 0o755);
    const server = new PrivateMysql(folder, await freePort());
    try {
      const args = ['--auth-root-authentication-method=normal', '--skip-test-db'];
      execFileSync('mariadb-install-db', [...server.#options(), ...args], { stdio: 'pipe' });
      await server.start();
      await server.execute('CREATE DATABASE app');
      await server.execute(`CREATE USER app@localhost IDENTIFIED BY 'app'`);
      await server.execute('GRANT ALL ON app.* TO app@localhost');
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** As a user who has one database. */
  get url(): string {
    return `mysql://app:app@127.0.0.1:${this.port}/app`;
  }

  async start(): Promise<void> {
    const args = [
      `--port=${this.port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(this.folder, 'socket')}`,
      `--pid-file=${join(this.folder, 'pid')}`,
      // Small, so that it starts quickly.
      '--innodb-buffer-pool-size=16M',
    ];
    this.child = spawn('mariadbd', [...this.#options(), ...args], { stdio: 'ignore' });
    let last: unknown;
    for (let attempt = 0; attempt < 300; attempt += 1) {
      try {
        await this.execute('SELECT 1');
        return;
      } catch (error) {
        last = error;
        await sleep(50);
      }
    }
    throw new Error('mariadbd does not answer.', { cause: last });
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a statement as somebody who may do everything. */
  async execute(statement: string): Promise<Record<string, unknown>[]> {
    const connection = await mysql.createConnection({
      uri: `mysql://root@127.0.0.1:${this.port}`,
      connectTimeout: 2_000,
    });
    try {
      return (await connection.query(statement))[0] as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  }

  #options(): string[] {
    const user = process.getuid?.() === 0 ? ['--user=root'] : [];
    return ['--no-defaults', `--datadir=${join(this.folder, 'data')}`, ...user];
  }
}
