import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { appendTo, LineWriter } from '../src/observability/line-writer.js';

const MEGABYTE = 1_000_000;

function openFile() {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'lines');
  return { path, writer: new LineWriter(appendTo(path)) };
}

/** A writer to a pipe whose reader reads when it is told to, and never waits. */
function openPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const [reader, fd] = [constants.O_RDONLY, constants.O_WRONLY].map((flag) =>
    openSync(path, flag | constants.O_NONBLOCK),
  ) as [number, number];
  const onLost = vi.fn();
  const writer = new LineWriter({ fd: () => fd, close: () => closeSync(fd) }, onLost);
  onTestFinished(() => {
    writer.close();
    closeSync(reader);
    rmSync(folder, { recursive: true });
  });
  const buffer = Buffer.alloc(MEGABYTE);
  return { writer, onLost, read: () => buffer.toString('utf8', 0, readSync(reader, buffer)) };
}

test.skipIf(process.platform === 'win32')(
  'a reader that does not read costs a bounded number of lines, and those are counted',
  async () => {
    const { writer, onLost, read } = openPipe();
    const line = `${'x'.repeat(MEGABYTE - 1)}\n`;
    for (let count = 0; count < 50; count += 1) {
      writer.write(line);
      await sleep(1);
    }
    expect(writer.lost).toBeGreaterThan(40);
    expect(onLost).toHaveBeenCalledOnce();
    let lines = 0;
    while (lines < 50 - writer.lost) {
      lines += read().split('\n').length - 1;
      writer.flushSync();
    }
    writer.write('the end\n');
    writer.flushSync();
    expect(read()).toBe('the end\n');
  },
);

test('many lines in one turn are all written', () => {
  const { path, writer } = openFile();
  for (let count = 0; count < 20; count += 1) writer.write(`${'x'.repeat(MEGABYTE)}\n`);
  writer.close();
  expect(statSync(path).size).toBe(20 * (MEGABYTE + 1));
  expect(writer.lost).toBe(0);
});
