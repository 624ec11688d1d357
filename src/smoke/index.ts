/** The smoke test: talks to a built server with real clients of both protocol eras and reports what it proved. */
import type { Feature } from '../catalog/types.js';
import { smokeProject } from './project.js';
import { Recorder } from './recorder.js';
import { redactor } from './redact.js';
import { loadSchemaCheck } from './schema.js';
import { DEFAULT_TIMEOUT_MS, SMOKE_COMMAND, type SmokeOptions, type SmokeReport } from './types.js';
import { smokeUrl } from './url.js';

export { projectTarget } from './target.js';
export type { ProjectTarget, SmokeOptions, SmokeReport, UrlTarget } from './types.js';

/**
 * Tests a server. Every step has a time limit, so this always ends, and leaves no process running, also after an abort
 * (it then rejects with the signal's reason). Throws a StepError when it cannot start: the project is not built, or
 * there is no credential.
 */
export async function runSmoke(options: SmokeOptions): Promise<SmokeReport> {
  const { target, headers = {}, strict = false, env } = options;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const query = target.kind === 'url' ? [...target.url.searchParams.values()] : [];
  const secrets = new Set([...Object.values(headers), ...query]);
  let redact = redactor(secrets);
  const hide = (more: readonly string[]) => {
    for (const secret of more) secrets.add(secret);
    redact = redactor(secrets);
  };
  const recorder = new Recorder({
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal,
    onStep: options.onStep ?? (() => {}),
    redact: (text) => redact(text),
  });
  const check = await loadSchemaCheck();
  if (target.kind === 'project') {
    const onOutput = (line: string) => options.onOutput?.(redact(line));
    await smokeProject(target, { recorder, check, env, signal, headers, hide, onOutput });
  } else {
    await smokeUrl(target.url, { recorder, check, headers });
  }
  const stderr = redact(failedOutput(recorder));
  const { steps } = recorder;
  const failed = steps.some(({ status }) => status === 'failed');
  const open = steps.some(({ status }) => status === 'unproven');
  return {
    ok: !failed && !(strict && open),
    steps,
    warnings: warnings(recorder, options, strict),
    ...(stderr === '' ? {} : { stderr }),
  };
}

/** What the servers behind failed steps wrote; the same text only once. */
function failedOutput({ groups }: Recorder): string {
  const titles = new Map<string, Set<string>>();
  for (const group of groups) {
    const text = group.failed ? (group.log?.().trim() ?? '') : '';
    if (text !== '') titles.set(text, (titles.get(text) ?? new Set()).add(group.title));
  }
  return [...titles].map(([text, groups]) => `[${[...groups].join(', ')}]\n${text}`).join('\n\n');
}

function warnings(recorder: Recorder, { target }: SmokeOptions, strict: boolean): string[] {
  const count = recorder.steps.filter(({ status }) => status === 'unproven').length;
  if (count === 0) return [];
  const found: string[] = [];
  const [reason] = recorder.storeReasons;
  const [apiReason] = recorder.apiReasons;
  const steps = count === 1 ? '1 step is' : `${count} steps are`;
  const again = target.kind === 'url' ? `${SMOKE_COMMAND} --url ${target.url}` : SMOKE_COMMAND;
  if (reason === undefined && apiReason === undefined) {
    found.push(`${steps} not proven.`);
  } else if (reason === undefined) {
    found.push(
      `A service that the server calls is unreachable (${apiReason}): ${steps} not proven.`,
    );
    found.push(`When it can be reached, run: ${again}`);
  } else {
    found.push(`The server's store is unreachable (${reason}): ${steps} not proven.`);
    const start = target.kind === 'project' ? startStoreCommand(target.features) : undefined;
    found.push(
      start === undefined
        ? `Make it reachable, then run: ${again}`
        : `Start it with ${start}, then run: ${again}`,
    );
  }
  if (strict) found.push('With --strict, unproven steps count as failed.');
  return found;
}

/** The command that starts the store of these features, when they bring one. */
function startStoreCommand(features: readonly Feature[]): string | undefined {
  const provided = new Set(features.flatMap((feature) => feature.provides));
  const starts = features.map(({ smoke }) => smoke.startStore);
  return starts.find((start) => start !== undefined && provided.has(start.when))?.command;
}
