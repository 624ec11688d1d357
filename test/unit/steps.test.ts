import { describe, expect, it } from 'vitest';
import { InterruptedError, StepError } from '../../src/errors.js';
import type { StepResult } from '../../src/model.js';
import { formatNextLine, nextLines, plainNextLine } from '../../src/report/next-lines.js';
import { packageManagerOf } from '../../src/steps/package-manager.js';
import { summariseSmoke } from '../../src/steps/smoke-summary.js';
import { Steps, type StepView } from '../../src/steps/steps.js';
import { feature } from '../support/feature.js';

const silent: StepView = {
  working: (_title, work) => work({ line: () => {}, part: () => {} }),
  result: () => {},
};

describe('Steps', () => {
  it('remembers how each step went, and throws on what the work throws', async () => {
    const steps = new Steps(silent);
    await steps.run({ name: 'one', title: 'One' }, async () => ({ detail: 'fine' }));
    await steps.run({ name: 'two', title: 'Two' }, async () => ({ status: 'unproven' }));
    const failure = new StepError('three', { message: 'no' });
    const three = steps.run({ name: 'three', title: 'Three' }, () => Promise.reject(failure));
    await expect(three).rejects.toBe(failure);
    const four = steps.run({ name: 'four', title: 'Four' }, () =>
      Promise.reject(new InterruptedError(130)),
    );
    await expect(four).rejects.toBeInstanceOf(InterruptedError);
    steps.skip({ name: 'five', title: 'Five' }, 'why');
    expect(steps.results).toEqual([
      { name: 'one', status: 'ok', ms: expect.any(Number), detail: 'fine' },
      { name: 'two', status: 'unproven', ms: expect.any(Number) },
      { name: 'three', status: 'failed', ms: expect.any(Number) },
      { name: 'four', status: 'failed', ms: expect.any(Number), detail: 'interrupted' },
      { name: 'five', status: 'skipped', ms: 0, detail: 'why' },
    ]);
    expect([steps.has('one'), steps.has('five'), steps.has('six')]).toEqual([true, true, false]);
  });
});

describe('summariseSmoke', () => {
  it('has a line per client, and every check that failed', () => {
    const step = (name: string, status: StepResult['status']): StepResult => ({
      name,
      status,
      ms: 10,
    });
    const summary = summariseSmoke([
      step('one · new · connect', 'ok'),
      step('one · new · call', 'ok'),
      step('one · old · connect', 'ok'),
      step('one · old · call', 'unproven'),
      step('two · connect', 'failed'),
      step('two · call', 'skipped'),
    ]);
    expect(summary).toEqual([
      { name: 'one · new', status: 'ok', ms: 20, detail: '2 checks' },
      { name: 'one · old', status: 'unproven', ms: 20, detail: '1 check, 1 not proven' },
      { name: 'two · connect', status: 'failed', ms: 10 },
    ]);
  });
});

describe('packageManagerOf', () => {
  it('reads the facts; texts for people fall back to the commands', () => {
    const pm = { install: ['x', 'i'], run: ['x', 'run'], get: 'somewhere' };
    expect(packageManagerOf(feature({ id: 'x', facts: { pm } }))).toEqual({
      id: 'x',
      ...pm,
      installText: 'x i',
      runText: 'x run',
      ciText: 'x i',
      lockfile: 'the lock file',
    });
  });

  it.each([
    {},
    { pm: {} },
    { pm: { install: [], run: ['x'], get: 'y' } },
    { pm: { install: 'x i', run: ['x'] } },
  ])('refuses incomplete facts: %j', (facts) => {
    expect(() => packageManagerOf(feature({ axis: 'a', id: 'f', facts }))).toThrow(
      'a/f: facts.pm needs',
    );
  });
});

describe('nextLines', () => {
  const manager = packageManagerOf(
    feature({ facts: { pm: { install: ['x', 'i'], run: ['x', 'run'], get: 'y' } } }),
  );
  const spec = { name: 'my-server', description: '', packageManager: 'x', choices: {} };
  const features = [feature({ next: ['{run} dev   # {name}', '# See {name}.'] })];
  const done: StepResult[] = ['install', 'build'].map((name) => ({ name, status: 'ok', ms: 1 }));

  it('goes there, then what the features say: first what has to be there', () => {
    const where = { directory: '/home/me/it is', cwd: '/home/me' };
    const lines = nextLines(spec, features, manager, { ...where, steps: done });
    expect(lines.map(formatNextLine)).toEqual([
      "cd 'it is'",
      'See my-server.',
      'x run dev          # my-server',
    ]);
    expect(lines.map(plainNextLine)).toEqual(["cd 'it is'", '# See my-server.', 'x run dev']);
  });

  it('has no comment in a path with a #', () => {
    const where = { directory: '/home/me/a # b', cwd: '/home/me' };
    const [line = {}] = nextLines(spec, [], manager, { ...where, steps: done });
    expect(plainNextLine(line)).toBe("cd 'a # b'");
  });

  it('catches up on what was left out, and stays where it is', () => {
    const where = { directory: '/home/me', cwd: '/home/me' };
    expect(nextLines(spec, [], manager, { ...where, steps: done.slice(0, 1) })).toEqual([
      { command: 'x run build' },
    ]);
    expect(nextLines(spec, [], manager, { ...where, steps: [] })).toEqual([
      { command: 'x i' },
      { command: 'x run build' },
    ]);
  });
});
