import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/apply/index.js';
import { localEnv } from '../../src/apply/local-env.js';
import { inspectTarget, summarise } from '../../src/apply/target.js';
import { CliError } from '../../src/errors.js';
import type { Plan } from '../../src/model.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'apply '));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(root, ...parts);

function planOf(files: Record<string, string | Uint8Array>): Plan {
  return new Map(
    Object.entries(files).map(([file, contents]) => [
      file,
      { path: file, contents, origin: 'base', policy: 'managed' as const },
    ]),
  );
}

describe('applyPlan into a new directory', () => {
  it('writes text and bytes, and makes missing parents', () => {
    const bytes = new Uint8Array([0, 255, 10]);
    applyPlan(
      planOf({ 'a.txt': 'ä\n', 'b/c.bin': bytes }),
      inspectTarget(at('x/y'), false),
      'K=v\n',
    );
    expect(readFileSync(at('x/y/a.txt'), 'utf8')).toBe('ä\n');
    expect(new Uint8Array(readFileSync(at('x/y/b/c.bin')))).toEqual(bytes);
    expect(readFileSync(at('x/y/.env'), 'utf8')).toBe('K=v\n');
    expect(readdirSync(at('x'))).toEqual(['y']);
  });

  it('leaves nothing when a file cannot be written, not even parents it made', () => {
    const impossible = planOf({ a: 'a file', 'a/b': 'below a file' });
    const target = inspectTarget(at('x/y/z'), false);
    expect(() => applyPlan(impossible, target, null)).toThrow(CliError);
    expect(readdirSync(root)).toEqual([]);
  });

  it('does not touch a directory that appeared in between', () => {
    const target = inspectTarget(at('x'), false);
    mkdirSync(at('x'));
    writeFileSync(at('x/theirs'), '');
    expect(() => applyPlan(planOf({ a: '' }), target, null)).toThrow(
      /was created by another process/,
    );
    expect(readdirSync(root)).toEqual(['x']);
    expect(readdirSync(at('x'))).toEqual(['theirs']);
  });
});

describe('applyPlan into an existing directory', () => {
  it('keeps the .env that is there and says so', () => {
    writeFileSync(at('.env'), 'MINE=1\n');
    const applied = applyPlan(planOf({ a: '1' }), inspectTarget(root, true), 'K=v\n');
    expect(applied).toEqual({ wroteLocalEnv: false });
    expect(readFileSync(at('.env'), 'utf8')).toBe('MINE=1\n');
    expect(readdirSync(root).sort()).toEqual(['.env', 'a']);
  });

  it('names what differs and writes nothing', () => {
    mkdirSync(at('dir'));
    writeFileSync(at('same'), 'same');
    const plan = planOf({ dir: 'a file here', new: '', same: 'same', 'same/below': '' });
    expect(() => applyPlan(plan, inspectTarget(root, true), null)).toThrow(/dir, same\/below\.$/);
    expect(readdirSync(root).sort()).toEqual(['dir', 'same']);
  });

  it('takes back what it moved when a later file fails', ({ skip }) => {
    mkdirSync(at('disk'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', at('disk')]);
    if (mounted.status !== 0)
      skip('needs root: another disk inside the target makes the move fail');
    try {
      const plan = planOf({ 'a/b': '1', c: '2', 'disk/d': '3' });
      expect(() => applyPlan(plan, inspectTarget(root, true), null)).toThrow(CliError);
      expect(readdirSync(root)).toEqual(['disk']);
      expect(readdirSync(at('disk'))).toEqual([]);
    } finally {
      spawnSync('umount', [at('disk')]);
    }
  });
});

describe('localEnv', () => {
  it('fills in names and fresh random values, once', () => {
    const values = [
      { name: 'KEYS', value: 'local:{random}' },
      { name: 'AUDIENCE', value: '{name}' },
    ];
    const text = localEnv(values, 'a{random}b');
    expect(text).toMatch(/^KEYS=local:[\w-]{43}\nAUDIENCE=a\{random\}b\n$/m);
    expect(localEnv(values, 'x')).not.toBe(localEnv(values, 'x'));
    expect(localEnv([], 'x')).toBeNull();
  });
});

it('summarise shows the first eight', () => {
  expect(summarise(['a', 'b'])).toBe('a, b');
  expect(summarise([...'abcdefghij'])).toBe('a, b, c, d, e, f, g, h and 2 more');
});
