/** A server for tests of faults, with tools that take their time, never end, or break the process. */
import { execFileSync } from 'node:child_process';
import type { SpecInput } from '../../src/model.js';
import { leftOut } from './left-out.js';
import { builtProject, type RunningHttp, startHttp } from './server.js';

const PROBES = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const common = {
  title: 'Probe',
  description: 'For the tests.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
};

export const echo = defineTool({
  ...common,
  name: 'echo',
  input: z.object({ value: z.string(), ms: z.number().default(0) }),
  output: z.object({ value: z.string() }),
  async run({ value, ms }, { log }) {
    log.info({ value }, 'work started');
    if (ms > 0) await sleep(ms);
    return { value };
  },
});

export const steps = defineTool({
  ...common,
  name: 'steps',
  input: z.object({ count: z.number(), ms: z.number() }),
  output: z.object({ count: z.number() }),
  async run({ count, ms }, { progress, log }) {
    log.info('work started');
    for (let step = 1; step <= count; step += 1) {
      await sleep(ms);
      await progress(step, count);
    }
    return { count };
  },
});

/** Never answers, whatever happens. */
export const deaf = defineTool({
  ...common,
  name: 'deaf',
  input: z.object({}),
  output: z.object({}),
  run: (_, { signal, log }) => {
    log.info('work started');
    signal.addEventListener('abort', () => log.info('work aborted'));
    return new Promise<never>(() => {});
  },
});

/** Waits for a person. */
export const asking = defineTool({
  ...common,
  name: 'asking',
  input: z.object({}),
  output: z.object({}),
  run(_, { elicit, log }) {
    log.info('work started');
    elicit('Go on?', z.object({ yes: z.boolean() }));
    return {};
  },
});

/** Prints without the logger, as a careless dependency does. */
export const print = defineTool({
  ...common,
  name: 'print',
  input: z.object({}),
  output: z.object({}),
  async run() {
    for (let count = 0; count < 10; count += 1) {
      console.log('out');
      console.error('err');
      process.stdout.write('out\\n');
      process.stderr.write('err\\n');
      await sleep(5);
    }
    return {};
  },
});

/** Answers, and breaks the process a moment later. */
export const stray = defineTool({
  ...common,
  name: 'stray',
  input: z.object({ kind: z.enum(['exception', 'rejection']) }),
  output: z.object({}),
  run({ kind }) {
    setTimeout(() => {
      const error = new Error('stray ' + kind);
      if (kind === 'exception') throw error;
      void Promise.reject(error);
    }, 50);
    return {};
  },
});
`;

/** The folder of the built project: both transports, nobody has to sign in. */
export function faultsProject(choices: SpecInput['choices'] = {}): Promise<string> {
  const all = { starter: 'minimal', transport: ['stdio', 'http'], auth: 'none', ...choices };
  return builtProject(all, (files) => {
    const barrel = 'src/tools/index.ts';
    files.set('src/tools/probes.ts', PROBES);
    files.set(
      barrel,
      `${files.get(barrel)}export { asking, deaf, echo, print, steps, stray } from './probes.js';\n`,
    );
  });
}

/** What a test that sends much needs. */
export const NO_LIMITS = {
  RATE_LIMIT_PER_MINUTE: '1000000000',
  MAX_CONCURRENT_CALLS: '1000000',
};

export function startUnlimited(
  project: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningHttp> {
  return startHttp(project, { ...NO_LIMITS, ...env });
}

/** Runs a command with so few file descriptors that a flood of connections would take them all. */
export const FEW_DESCRIPTORS = ['prlimit', '--nofile=64:64'];

/** Why this machine cannot do that, or `undefined`. */
export function whyNotFewDescriptors(): string | undefined {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    leftOut('few file descriptors', (error as Error).message);
    return 'no prlimit';
  }
}
