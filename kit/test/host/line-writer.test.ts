import { readFileSync, type writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { appendTo, LineWriter } from '../../src/host/node/host.js';
import { newFolder } from '../support/folder.js';

const reader = vi.hoisted(() => ({ isBusy: false }));
vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  /** A busy reader takes a part of a line, and then nothing. */
  function write(fd: number, bytes: Uint8Array, from: number): ReturnType<typeof writeSync> {
    if (!reader.isBusy) return fs.writeSync(fd, bytes, from);
    if (from === 0 && bytes.length === 1_000_000) return fs.writeSync(fd, bytes, 0, 10);
    throw Object.assign(new Error('busy'), { code: 'EAGAIN' });
  }
  return { ...fs, writeSync: write };
});

const LINE = `${'x'.repeat(999_999)}\n`;

function openFile() {
  const path = join(newFolder('lines'), 'lines');
  const onLost = vi.fn();
  const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return { writer: new LineWriter(appendTo(path), onLost), onLost, lines };
}

test('a reader that does not read costs a bounded number of lines, and those are counted', async () => {
  const { writer, onLost, lines } = openFile();
  reader.isBusy = true;
  for (let count = 0; count < 50; count += 1) {
    writer.write(LINE);
    await new Promise(setImmediate);
  }
  expect(writer.lost).toBeGreaterThan(40);
  expect(onLost).toHaveBeenCalledOnce();
  reader.isBusy = false;
  writer.write('the end\n');
  writer.close();
  const written = lines();
  expect(written).toHaveLength(51 - writer.lost);
  expect(written.pop()).toBe('the end');
  expect(new Set(written)).toEqual(new Set([LINE.trimEnd()]));
});

test('many lines in one turn are all written', () => {
  const { writer, lines } = openFile();
  for (let count = 0; count < 20; count += 1) writer.write(LINE);
  writer.close();
  expect(lines()).toHaveLength(20);
  expect(writer.lost).toBe(0);
});
