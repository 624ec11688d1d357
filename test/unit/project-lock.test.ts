import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { withLock } from '../../src/project/lock.js';

function lockFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'lock');
}

const holder = (pid: number, host = hostname()) => JSON.stringify({ pid, host, id: 'x' });
/** No process has this id: Linux stops at 2^22. */
const DEAD = 2 ** 22 + 1;

test('the lock is held during the work and gone afterwards, also when the work throws', async () => {
  const file = lockFile();
  expect(await withLock(file, () => existsSync(file))).toBe(true);
  expect(existsSync(file)).toBe(false);
  const failing = withLock(file, () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test('a held lock is waited for, then refused; it stays', async () => {
  const file = lockFile();
  writeFileSync(file, holder(process.pid));
  await expect(withLock(file, () => 1, 100)).rejects.toThrow(`(process ${process.pid})`);
  const waiting = withLock(file, () => 'done', 5000);
  await sleep(100);
  rmSync(file);
  expect(await waiting).toBe('done');
});

test('the lock of a process that died is taken over', async () => {
  const file = lockFile();
  writeFileSync(file, holder(DEAD));
  expect(await withLock(file, () => 'done', 0)).toBe('done');
  expect(readdirSync(path.dirname(file))).toEqual([]);
});

test('a lock from another machine, or half written, is only taken over when it is old', async () => {
  for (const text of [holder(DEAD, 'elsewhere'), '']) {
    const file = lockFile();
    writeFileSync(file, text);
    await expect(withLock(file, () => 1, 100)).rejects.toThrow('Another run');
    utimesSync(file, new Date(0), new Date(0));
    expect(await withLock(file, () => 'done', 0)).toBe('done');
  }
});

test('many runs take turns, also when the lock they find is stale', async () => {
  const file = lockFile();
  writeFileSync(file, holder(DEAD));
  let inside = 0;
  const runs = Array.from({ length: 20 }, () =>
    withLock(file, () => {
      inside += 1;
      expect(inside).toBe(1);
      inside -= 1;
      return true;
    }),
  );
  expect(await Promise.all(runs)).toEqual(Array(20).fill(true));
  expect(existsSync(file)).toBe(false);
});
