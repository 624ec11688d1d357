/**
 * Each guard is taken out once, to see that a test fails that CI runs: a test that stays green without its guard proves
 * nothing. What the short suite of a generated project covers is taken out of such a project, the rest out of the kit.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leftOut } from '../support/left-out.js';
import { build, builtProject, copyOf, runTool } from '../support/server.js';

interface Mutation {
  readonly guard: string;
  /** A file of the kit. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The test file that must fail. */
  readonly test: string;
}

/** A generated project's own tests fail without these. */
const inProject: readonly Mutation[] = [
  {
    guard: 'the Host header is checked',
    file: 'http/guards.ts',
    from: 'if (host !== undefined && allowed.has(host)) return undefined;',
    to: 'if (allowed.size > 0 || host) return undefined;',
    test: 'http',
  },
  {
    guard: 'the Origin header is checked',
    file: 'http/guards.ts',
    from: 'if (origin === null || allowed.has(origin)) return undefined;',
    to: 'if (allowed.size >= 0 || origin) return undefined;',
    test: 'http',
  },
  {
    guard: 'an origin must be the same, not only begin so',
    file: 'http/guards.ts',
    from: 'if (origin === null || allowed.has(origin)) return undefined;',
    to: 'if (origin === null || [...allowed].some((one) => origin.startsWith(one))) return undefined;',
    test: 'http',
  },
  {
    guard: 'the content type is checked',
    file: 'http/guards.ts',
    from: "return refuse(415, 'Send application/json in UTF-8.');",
    to: 'return undefined;',
    test: 'http',
  },
  {
    guard: 'two Host lines are refused',
    file: 'serve/node-server.ts',
    from: 'return hosts < 2;',
    to: 'return hosts >= 0;',
    test: 'http',
  },
  {
    guard: 'a request without a key is refused',
    file: 'auth/api-keys.ts',
    from: "if (presented === undefined) return unauthorized('Send an API key.');",
    to: "if (presented === undefined) return { principal: { id: 'x', scopes: ['*'] } };",
    test: 'callers',
  },
  {
    guard: 'everyone has a server object of their own',
    file: 'http/sdk.ts',
    from: 'return createMcpServer(app, principal, { ...scope, changes, stepUp });',
    to: 'return (globalThis.one ??= createMcpServer(app, principal, { ...scope, changes, stepUp }));',
    test: 'http',
  },
  {
    guard: 'a key must be known',
    file: 'auth/api-keys.ts',
    from: 'if (timingSafeEqual(key.sha256, digest)) found = key;',
    to: 'if (timingSafeEqual(key.sha256, key.sha256) && digest) found = key;',
    test: 'callers',
  },
  {
    guard: 'ids of a batch are different',
    file: 'http/body.ts',
    from: 'new Set(ids).size < ids.length',
    to: 'ids.length < 0',
    test: 'http',
  },
  {
    guard: 'JSON is not nested too deep',
    file: 'http/body.ts',
    from: 'isTooDeep(bytes, MAX_DEPTH)',
    to: 'isTooDeep(bytes, 1e9)',
    test: 'http',
  },
  {
    guard: 'stdout belongs to the protocol',
    file: 'host/node/project.ts',
    from: 'process.stdout.write = process.stderr.write.bind(process.stderr);',
    to: '',
    test: 'stdio',
  },
];

/** The kit's tests fail without these. */
const inKit: readonly Mutation[] = [
  {
    guard: 'paths are relative to the project',
    file: 'host/node/host.ts',
    from: 'resolve(PROJECT, path)',
    to: 'resolve(path)',
    test: 'host/settings',
  },
  {
    guard: 'nobody can ask for changes of what it may not read',
    file: 'protocol/mcp-server.ts',
    from: '.filter(mayRead)',
    to: '.filter((uri) => mayRead(uri) || true)',
    test: 'protocol/readers',
  },
  {
    guard: 'the policy counts when something changes',
    file: 'http/subscriptions.ts',
    from: "events.filter((event) => !('uri' in event) || mayHear(event.uri)).forEach(tell);",
    to: 'events.forEach(tell);',
    test: 'protocol/readers',
  },
  {
    guard: 'a stream ends with its credentials',
    file: 'http/callers.ts',
    from: 'onEnd();',
    to: '',
    test: 'http/subscriptions',
  },
  {
    guard: 'streams are bounded',
    file: 'http/subscriptions.ts',
    from: 'this.#open.size >= app.config.MAX_SUBSCRIPTIONS',
    to: 'this.#open.size < 0',
    test: 'http/subscriptions',
  },
  {
    guard: 'what waits for a listener is bounded',
    file: 'http/subscriptions.ts',
    from: "if ((target.desiredSize ?? 0) <= 0) throw new Error('the client does not read its stream');",
    to: '',
    test: 'http/subscriptions',
  },
  {
    guard: 'a header that comes twice hides nothing',
    file: 'serve/node-server.ts',
    from: 'Object.keys(headers).length * 2 === rawHeaders.length',
    to: 'rawHeaders.length > 0',
    test: 'host/node-request',
  },
  {
    guard: 'what waits for the client of a call is bounded',
    file: 'serve/node-server.ts',
    from: 'outgoing.writableLength > MAX_WAITING_BYTES',
    to: 'outgoing.writableLength < 0',
    test: 'host/node-server',
  },
  {
    guard: 'a tool that is not there for its caller is not called',
    file: 'protocol/plain-requests.ts',
    from: "!access.allows('tool', name) || ",
    to: '',
    test: 'http/callers',
  },
  {
    guard: 'a call that needs approval is not plain',
    file: 'protocol/plain-requests.ts',
    from: ' || access.needsApproval(name)',
    to: '',
    test: 'http/callers',
  },
  {
    guard: 'what is not plain goes to the MCP SDK',
    file: 'protocol/requests.ts',
    from: 'if (known.get(key)?.(value[key]) !== true) return false;',
    to: 'if (known.get(key)?.(value[key]) === false) return false;',
    test: 'http/dispatch',
  },
  {
    guard: 'a list is for those who see the same',
    file: 'protocol/plain-requests.ts',
    from: 'this.#keptFor(era, access)',
    to: 'this.#keptFor(era, this.services as never)',
    test: 'http/callers',
  },
  {
    guard: 'a prompt that is not there for its caller is not known either',
    file: 'protocol/plain-requests.ts',
    from: "if (!services.policy.accessOf(principal).allows('prompt', name)) return undefined;",
    to: '',
    test: 'http/callers',
  },
  {
    guard: 'a template of which its caller may read nothing is not listed',
    file: 'protocol/features.ts',
    from: ': access.allowsSomeOf(resource.uriTemplate)',
    to: ': true',
    test: 'http/callers',
  },
  {
    guard: 'two different keys are refused',
    file: 'auth/api-keys.ts',
    from: 'bearer !== undefined && apiKey !== undefined && bearer !== apiKey',
    to: 'bearer === apiKey && apiKey === undefined && false',
    test: 'auth/api-keys',
  },
  {
    guard: 'an expired key is refused',
    file: 'auth/api-keys.ts',
    from: 'if (key.expires <= Date.now()) {',
    to: 'if (key.expires <= 0) {',
    test: 'auth/api-keys',
  },
  {
    guard: 'weak keys do not start the server',
    file: 'auth/api-keys.ts',
    from: 'if (weakness !== undefined) return',
    to: "if (weakness === '') return",
    test: 'auth/api-keys',
  },
  {
    guard: 'the file of keys is read again',
    file: 'auth/api-keys.ts',
    from: 'if (now >= nextRead) {',
    to: 'if (now < nextRead) {',
    test: 'auth/api-key-file',
  },
  {
    guard: 'a broken file keeps the old keys',
    file: 'auth/api-keys.ts',
    from: '} else {',
    to: '} else {\n      keys = [];',
    test: 'auth/api-key-file',
  },
  {
    guard: 'an unexpected error stays inside',
    file: 'calls/run-call.ts',
    from: 'Internal error. Reference:',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    to: '${error}',
    test: 'calls/pipeline',
  },
  {
    guard: 'the scopes of a tool are asked for',
    file: 'calls/run-call.ts',
    from: 'if (missing.length === 0) return;',
    to: 'if (missing.length >= 0) return;',
    test: 'calls/pipeline',
  },
  {
    guard: 'a client makes as many calls as it may',
    file: 'limits/call-limits.ts',
    from: 'if (wait > 0) throw rateLimited(wait);',
    to: 'if (wait < 0) throw rateLimited(wait);',
    test: 'limits/call-limits',
  },
  {
    guard: 'a client has as many calls under way as it may',
    file: 'limits/call-limits.ts',
    from: 'if (others >= this.max)',
    to: 'if (others - 1_000_000 >= this.max)',
    test: 'limits/call-limits',
  },
  {
    guard: 'a call that has ended is no longer under way',
    file: 'limits/call-limits.ts',
    from: 'else this.#underWay.delete(client);',
    to: '',
    test: 'limits/call-limits',
  },
  {
    guard: 'a tool has a limit of its own',
    file: 'limits/call-limits.ts',
    from: 'if (perMinute !== undefined) {',
    to: "if (perMinute !== undefined && name === '') {",
    test: 'limits/token-buckets',
  },
  {
    guard: 'tokens are taken from all buckets or from none',
    file: 'limits/call-limits.ts',
    from: 'if (wait > 0) return',
    to: 'for (const bucket of buckets) if (wait > 0) this.#remember(bucket.key, this.#afterOneMore(bucket, now));\n    if (wait > 0) return',
    test: 'limits/token-buckets',
  },
  {
    guard: 'a client sends as many requests as it may',
    file: 'http/handler.ts',
    from: "if (tooMany) return limited('requests', tooMany);",
    to: '',
    test: 'http/http',
  },
  {
    guard: 'guesses are slowed down',
    file: 'http/callers.ts',
    from: 'if (wait > 0) return { refusal',
    to: 'if (wait < 0) return { refusal',
    test: 'auth/slow-guesses',
  },
  {
    guard: 'who is known is not locked out',
    file: 'http/callers.ts',
    from: 'known.has(sent) ? 0 : ',
    to: '',
    test: 'auth/slow-guesses',
  },
  {
    guard: 'nobody is believed who is not our proxy',
    file: 'http/guards.ts',
    from: 'if (!isProxy?.(client, hops) || !isIP(next)) break;',
    to: 'if (!isIP(next)) break;',
    test: 'http/client-address',
  },
  {
    guard: 'lists are cut',
    file: 'calls/tool-calls.ts',
    from: 'Math.min(list.all.length, caps.maxRows)',
    to: 'list.all.length',
    test: 'calls/tool-result',
  },
  {
    guard: 'a cut is visible',
    file: 'calls/tool-calls.ts',
    from: '...(isCut ? [marker] : [])',
    to: '',
    test: 'calls/tool-result',
  },
  {
    guard: 'a result that was cut fits its schema',
    file: 'calls/tool-calls.ts',
    from: '(isCut && !output.safeParse(fitted.value).success)',
    to: '(isCut && output === undefined)',
    test: 'calls/tool-result',
  },
  {
    guard: 'a service that is away is not named',
    file: 'calls/run-call.ts',
    from: 'if (isNetworkError(error))',
    to: 'if (isNetworkError(undefined))',
    test: 'calls/pipeline',
  },
  {
    guard: 'every call is audited',
    file: 'calls/run-call.ts',
    from: 'for (const observer of observers) observer.ended(end);',
    to: 'void end;',
    test: 'telemetry/audit',
  },
  {
    guard: 'the audit log is redacted and harmless',
    file: 'telemetry/audit.ts',
    from: 'return redactLine(line);',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    to: 'return redactLine === undefined ? line : `${line}\\n`;',
    test: 'telemetry/audit',
  },
  {
    guard: 'arguments are shown without secrets',
    file: 'telemetry/audit.ts',
    from: 'return redactValue(JSON.parse(text));',
    to: "return { ...JSON.parse(text), note: redactValue('') };",
    test: 'telemetry/audit',
  },
  {
    guard: 'other machines do not read the metrics',
    file: 'http/operations.ts',
    from: 'return LOOPBACK.test(sender) &&',
    to: 'return (LOOPBACK.test(sender) || true) &&',
    test: 'telemetry/metrics',
  },
  {
    guard: 'nobody reads the metrics through a proxy',
    file: 'http/operations.ts',
    from: 'PROXIED.every(',
    to: 'PROXIED.some(',
    test: 'telemetry/metrics',
  },
  {
    guard: 'nobody reads the metrics where a setting speaks of a proxy',
    file: 'http/operations.ts',
    from: '(METRICS_TOKEN !== undefined || !isProxied(app.config))',
    to: '(METRICS_TOKEN !== undefined || isProxied(app.config) !== undefined)',
    test: 'telemetry/metrics',
  },
  {
    guard: 'a rebound name does not read the metrics',
    file: 'http/guards.ts',
    from: "isIP(host.replace(/^\\[|\\]$/g, '')) ? undefined : guard(request);",
    to: "isIP(host.replace(/^\\[|\\]$/g, '')) || host ? undefined : guard(request);",
    test: 'telemetry/metrics',
  },
  {
    guard: 'what waits for a busy reader is bounded',
    file: 'host/node/host.ts',
    from: 'if (this.#isFull) {',
    to: "if (this.#isFull && line === '') {",
    test: 'host/line-writer',
  },
  {
    guard: 'a full log is written before a line is lost',
    file: 'host/node/host.ts',
    from: 'if (this.#isFull) this.flushSync();',
    to: '',
    test: 'host/line-writer',
  },
  {
    guard: 'long addresses are cut in the audit log',
    file: 'telemetry/audit.ts',
    from: 'call.uri && shortened(call.uri)',
    to: 'call.uri && (shortened(call.uri) ? call.uri : call.uri)',
    test: 'telemetry/audit',
  },
  {
    guard: 'the audit log does not follow a symbolic link',
    file: 'host/node/host.ts',
    from: 'O_WRONLY | (O_NOFOLLOW ?? 0)',
    to: 'O_WRONLY | (O_NOFOLLOW ?? 0) * 0',
    test: 'telemetry/audit',
  },
  {
    guard: 'refused requests have a bounded number of lines',
    file: 'http/metrics.ts',
    from: 'this.#written >= this.perSecond',
    to: 'this.#written >= this.perSecond * 1_000',
    test: 'telemetry/line-limit',
  },
  {
    guard: 'what a stream wants is bounded',
    file: 'protocol/mcp-server.ts',
    from: 'return characters <= MAX_CHARACTERS;',
    to: 'return characters <= MAX_CHARACTERS * 1_000;',
    test: 'http/subscriptions',
  },
  {
    guard: 'a wrong token does not read the metrics',
    file: 'http/operations.ts',
    from: 'timingSafeEqual(sha256(sent), sha256(token))',
    to: 'timingSafeEqual(sha256(token), sha256(token))',
    test: 'telemetry/metrics',
  },
  {
    guard: 'codes of tools do not become labels',
    file: 'telemetry/metrics.ts',
    from: "CODES.has(outcome) ? outcome : 'tool_error'",
    to: 'CODES.has(outcome) ? outcome : outcome',
    test: 'telemetry/metrics',
  },
  {
    guard: 'the log is redacted',
    file: 'telemetry/logger.ts',
    from: 'clean: redactLine,',
    to: 'clean: (line) => (redactLine(line) ? line : line),',
    test: 'telemetry/redact',
  },
  {
    guard: 'an error on the way to the end counts',
    file: 'host/node/lifecycle.ts',
    from: 'exitCode = 1;',
    to: '',
    test: 'host/shutdown',
  },
  {
    guard: 'a log reader may go away',
    file: 'host/node/lifecycle.ts',
    from: "for (const output of [process.stdout, process.stderr]) output.on('error', () => {});",
    to: '',
    test: 'host/shutdown',
  },
  {
    guard: 'a request that is on its way is waited for',
    file: 'serve/node-server.ts',
    from: 'isConnected ? Math.max(delayMs, ON_THE_WAY) : delayMs',
    to: 'isConnected ? delayMs : delayMs',
    test: 'host/stop-listening',
  },
  {
    guard: 'a cursor is good for its caller alone',
    file: 'calls/client-state.ts',
    from: 'open(cursor: string, { id }: Principal): PagePosition {',
    to: "open(cursor: string, _: Principal, id = 'alice'): PagePosition {",
    test: 'protocol/list-in-pages',
  },
  {
    guard: 'answers that were given to another call do not count',
    file: 'calls/run-call.ts',
    from: 'isOurs ? state : undefined',
    to: 'isOurs || state ? state : undefined',
    test: 'calls/pipeline',
  },
  {
    guard: 'answers count for the same arguments',
    file: 'calls/run-call.ts',
    from: 'formatArguments(input, host)]',
    to: 'formatArguments(input === undefined, host)]',
    test: 'calls/pipeline',
  },
  {
    guard: 'answers count for questions that were asked',
    file: 'calls/client-state.ts',
    from: 'this.#wasAsked.has(key) ?',
    to: 'this.#wasAsked ?',
    test: 'calls/pipeline',
  },
  {
    guard: 'an answer has to fit its form',
    file: 'calls/client-state.ts',
    from: 'return form?.success ? { answer: form.data } : undefined;',
    to: 'return { answer: form?.data };',
    test: 'calls/pipeline',
  },
  {
    guard: 'an approval counts once',
    file: 'state/memory.ts',
    from: "if (used.has(id)) return 'again';",
    to: '',
    test: 'policy/approvals',
  },
  {
    guard: 'a policy that is half written does not count',
    file: 'policy/policy-file.ts',
    from: 'if (!settled || text === current) return;',
    to: 'if (text === current) return;',
    test: 'policy/policy-file',
  },
  {
    guard: 'an approval counts where it is remembered that it was used',
    file: 'state/memory.ts',
    from: "if (used === undefined) return 'unknown';",
    to: "if (used === undefined) return 'first';",
    test: 'policy/approvals',
  },
  {
    guard: 'a notification begins no session',
    file: 'sessions/sessions.ts',
    from: 'isJSONRPCRequest(body) && isInitializeRequest(body)',
    to: 'isInitializeRequest(body)',
    test: 'sessions/sessions',
  },
  {
    guard: 'events of changes do not say how much changes',
    file: 'sessions/session-streams.ts',
    from: 'cursors.seal({ list: CHANGES, after: place }, principal)',
    to: 'place',
    test: 'sessions/session-streams',
  },
  {
    guard: 'a session is there for its owner alone',
    file: 'sessions/memory-sessions.ts',
    from: 'kept?.owner !== owner ||',
    to: 'kept === undefined ||',
    test: 'sessions/session-stores',
  },
  {
    guard: 'a caller has a number of sessions',
    file: 'sessions/memory-sessions.ts',
    from: 'own.length >= this.limits.MAX_SESSIONS_PER_CALLER',
    to: 'own.length < 0',
    test: 'sessions/session-stores',
  },
  {
    guard: 'the stream of a session ends with its credentials',
    file: 'http/callers.ts',
    from: 'onEnd();',
    to: '',
    test: 'sessions/session-streams',
  },
  {
    guard: 'what waits for the client of a session is bounded',
    file: 'sessions/session-streams.ts',
    from: '(this.#target.desiredSize ?? 0) > 0',
    to: 'this.#target.desiredSize !== undefined',
    test: 'sessions/session-streams',
  },
];

/** A copy that a test may change. */
interface Suite {
  readonly folder: string;
  /** Where it has the kit's code. */
  readonly source: string;
  /** Where it has its tests. */
  readonly tests: string;
  /** What vitest is told besides. */
  readonly options: readonly string[];
}

async function project(): Promise<Suite> {
  const folder = await copyOf(await builtProject());
  return { folder, source: join(folder, 'src/kit'), tests: 'test', options: [] };
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function kit(): Promise<Suite> {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-kit-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const filter = (path: string) => !path.endsWith('node_modules');
  for (const name of ['kit', 'package.json', 'vitest.config.ts']) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true, filter });
  }
  for (const name of ['node_modules', 'templates']) {
    await symlink(join(ROOT, name), join(folder, name), 'junction');
  }
  const options = ['--project', 'kit'];
  return { folder, source: join(folder, 'kit/src'), tests: 'kit/test', options };
}

/** Takes the guard out. */
async function mutate({ source }: Suite, { file, from, to }: Mutation): Promise<void> {
  const path = join(source, file);
  const text = await readFile(path, 'utf8');
  expect(text.split(from), `${file} has changed: adapt this table`).toHaveLength(2);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
}

/** Runs test files. Rejects with what they print when one fails. */
function run({ folder, tests, options }: Suite, names: readonly string[]): Promise<void> {
  const files = names.map((name) => `${tests}/${name}.test.ts`);
  return runTool(folder, 'vitest/vitest.mjs', ['run', ...options, ...files]);
}

async function expectFailure(suite: Suite, { test }: Mutation): Promise<void> {
  const output = await run(suite, [test]).then(
    () => 'all passed',
    (error: Error) => stripVTControlCharacters(error.message),
  );
  expect(output).toMatch(/Tests +\d+ failed/);
  // A file that does not even load proves nothing.
  expect(output).not.toContain('Failed Suites');
}

/** What is taken out of the kit takes ten minutes: `.ci/run` does it with `--full`. */
const leavesOutKit = process.env['CI_RUN_ID'] !== undefined && process.env['FULL'] !== '1';
if (leavesOutKit) {
  leftOut(`${inKit.length} guards of the kit taken out`, 'ten minutes; `.ci/run --full` does it');
}

const testsOf = (mutations: readonly Mutation[]) => [...new Set(mutations.map(({ test }) => test))];

describe('with all guards in place', () => {
  it('a generated project passes its tests', async () => {
    await run(await project(), testsOf(inProject));
  }, 120_000);

  it.skipIf(leavesOutKit)(
    'the kit passes its tests',
    async () => {
      await run(await kit(), testsOf(inKit));
    },
    240_000,
  );
});

describe('without its guard a test fails', () => {
  it.each(inProject)(
    '$guard (a project: $test)',
    async (mutation) => {
      const suite = await project();
      await mutate(suite, mutation);
      // A test of stdio runs what is built.
      if (mutation.test === 'stdio') await build(suite.folder);
      await expectFailure(suite, mutation);
    },
    60_000,
  );

  it.each(leavesOutKit ? [] : inKit)(
    '$guard (the kit: $test)',
    async (mutation) => {
      const suite = await kit();
      await mutate(suite, mutation);
      await expectFailure(suite, mutation);
    },
    60_000,
  );
});
