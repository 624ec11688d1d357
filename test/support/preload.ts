/** Code that runs inside a server before its own, for what cannot be seen or done from the outside. */
import { once } from 'node:events';
import type { RunningServer } from './server.js';

/** An environment that loads this source, an ES module, first. */
export function preloading(source: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}

/** Answers SIGUSR2 with a line about its memory, after the garbage is collected. */
export const MEMORY_PROBE = preloading(`
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    for (let round = 0; round < 3; round += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, rss, external } = process.memoryUsage();
    process.stderr.write('MEMORY ' + JSON.stringify({ heapUsed, rss, external }) + '\\n');
  });
`);

export interface Memory {
  readonly heapUsed: number;
  readonly rss: number;
  readonly external: number;
}

/** What a server with the probe uses now, in bytes. */
export async function memoryOf(server: RunningServer): Promise<Memory> {
  const before = server.stderr().length;
  server.child.kill('SIGUSR2');
  for (;;) {
    const [, found] = /^MEMORY (.+)$/m.exec(server.stderr().slice(before)) ?? [];
    if (found !== undefined) return JSON.parse(found);
    await once(server.child.stderr, 'data');
  }
}

/** Lets SIGUSR2 move the clock on the wall by `ms` milliseconds, each time once more. The monotonic clock goes on as it does. */
export function clockThatJumps(ms: number): Record<string, string> {
  return preloading(`
    const RealDate = Date;
    let shift = 0;
    globalThis.Date = class Date extends RealDate {
      constructor(...args) {
        if (args.length === 0) super(RealDate.now() + shift);
        else super(...args);
      }
      static now() {
        return RealDate.now() + shift;
      }
    };
    process.on('SIGUSR2', () => {
      shift += ${ms};
      process.stderr.write('the clock was set\\n');
    });
  `);
}

/** Collects the garbage five times a second. */
export const COLLECT_OFTEN = preloading(`
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  setInterval(runInNewContext('gc'), 200).unref();
`);

/** Prints what each diagnostic report would look up. */
export const REPORTS = preloading(`
  const make = process.report.getReport.bind(process.report);
  process.report.getReport = (...args) => {
    const { excludeNetwork } = process.report;
    const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    process.stderr.write('REPORT ' + JSON.stringify({ excludeNetwork, sockets }) + '\\n');
    return make(...args);
  };
`);

export interface DiagnosticReport {
  readonly excludeNetwork: boolean;
  /** How many sockets were open. */
  readonly sockets: number;
}

/** The reports that a server with \`REPORTS\` has made. */
export function reportsOf(server: RunningServer): DiagnosticReport[] {
  return [...server.stderr().matchAll(/^REPORT (.+)$/gm)].map(([, found]) =>
    JSON.parse(found as string),
  );
}
