/**
 * Each guard is taken out of a generated server once, to see that a test of that server then fails: a test that stays green
 * without its guard proves nothing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { build, builtProject, copyOf, runTool } from '../support/server.js';

interface Mutation {
  readonly guard: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The test file of the generated project that must fail. */
  readonly test: string;
  /** The test runs what is built. */
  readonly build?: boolean;
  /** The project has sessions. */
  readonly sessions?: boolean;
}

const mutations: readonly Mutation[] = [
  {
    guard: 'paths are relative to the project',
    file: 'src/config.ts',
    from: 'z.string().transform((path) => resolve(PROJECT, path))',
    to: 'z.string()',
    test: 'config',
  },
  {
    guard: 'nobody can ask for changes of what it may not read',
    file: 'src/changes/wanted.ts',
    from: '.filter(mayRead)',
    to: '.filter((uri) => mayRead(uri) || true)',
    test: 'may-read',
  },
  {
    guard: 'the policy counts when something changes',
    file: 'src/http/subscriptions.ts',
    from: "events.filter((event) => !('uri' in event) || mayHear(event.uri)).forEach(tell);",
    to: 'events.forEach(tell);',
    test: 'may-read',
  },
  {
    guard: 'a stream ends with its credentials',
    file: 'src/http/live-caller.ts',
    from: 'onEnd();',
    to: '',
    test: 'subscriptions',
  },
  {
    guard: 'streams are bounded',
    file: 'src/http/subscriptions.ts',
    from: 'this.#open.size >= app.config.MAX_SUBSCRIPTIONS',
    to: 'this.#open.size < 0',
    test: 'subscriptions',
  },
  {
    guard: 'what waits for a listener is bounded',
    file: 'src/http/bounded-stream.ts',
    from: "if ((target.desiredSize ?? 0) <= 0) throw new Error('the client does not read its stream');",
    to: '',
    test: 'subscriptions',
  },
  {
    guard: 'the Host header is checked',
    file: 'src/http/guards.ts',
    from: 'if (host !== undefined && allowed.has(host)) return undefined;',
    to: 'if (allowed.size > 0 || host) return undefined;',
    test: 'hostile',
  },
  {
    guard: 'the Origin header is checked',
    file: 'src/http/guards.ts',
    from: 'if (origin === null || allowed.has(origin)) return undefined;',
    to: 'if (allowed.size >= 0 || origin) return undefined;',
    test: 'hostile',
  },
  {
    guard: 'an origin must be the same, not only begin so',
    file: 'src/http/guards.ts',
    from: 'if (origin === null || allowed.has(origin)) return undefined;',
    to: 'if (origin === null || [...allowed].some((one) => origin.startsWith(one))) return undefined;',
    test: 'hostile',
  },
  {
    guard: 'the content type is checked',
    file: 'src/http/guards.ts',
    from: "return refuse(415, 'Send application/json in UTF-8.');",
    to: 'return undefined;',
    test: 'hostile',
  },
  {
    guard: 'two Host lines are refused',
    file: 'src/http/node-request.ts',
    from: 'return hosts < 2;',
    to: 'return hosts >= 0;',
    test: 'hostile',
  },
  {
    guard: 'a header that comes twice hides nothing',
    file: 'src/http/node-request.ts',
    from: 'Object.keys(headers).length * 2 === rawHeaders.length',
    to: 'rawHeaders.length > 0',
    test: 'hostile',
  },
  {
    guard: 'a request without a key is refused',
    file: 'src/auth/index.ts',
    from: "if (presented === undefined) return unauthorized('Send an API key.');",
    to: "if (presented === undefined) return { principal: { id: 'x', scopes: ['*'] } };",
    test: 'hostile',
  },
  {
    guard: 'everyone has a server object of their own',
    file: 'src/http/library.ts',
    from: "return createServer(app, principal, { ...part, news: era === 'modern' ? NEWS : 'none' });",
    to: 'return (globalThis.one ??= createServer(app, principal, { ...part, news: NEWS }));',
    test: 'hostile',
  },
  {
    guard: 'a tool that is not there for its caller is not called',
    file: 'src/dispatch/plain-calls.ts',
    from: "!access.allows('tool', name) || ",
    to: '',
    test: 'callers',
  },
  {
    guard: 'a call that needs approval is not plain',
    file: 'src/dispatch/plain-calls.ts',
    from: ' || access.needsApproval(name)',
    to: '',
    test: 'callers',
  },
  {
    guard: 'what is not plain goes to the protocol library',
    file: 'src/dispatch/plain-request.ts',
    from: 'if (known.get(key)?.(value[key]) !== true) return false;',
    to: 'if (known.get(key)?.(value[key]) === false) return false;',
    test: 'dispatch',
  },
  {
    guard: 'a list of tools is for those who see the same tools',
    file: 'src/http/protocol.ts',
    from: 'const visibleTo = app.policy.accessOf(principal);',
    to: 'const visibleTo = app;',
    test: 'callers',
  },
  {
    guard: 'two different keys are refused',
    file: 'src/auth/index.ts',
    from: 'bearer !== undefined && apiKey !== undefined && bearer !== apiKey',
    to: 'bearer === apiKey && apiKey === undefined && false',
    test: 'auth',
  },
  {
    guard: 'a key must be known',
    file: 'src/auth/api-keys.ts',
    from: 'if (timingSafeEqual(key.sha256, digest)) found = key;',
    to: 'if (timingSafeEqual(key.sha256, key.sha256) && digest) found = key;',
    test: 'auth',
  },
  {
    guard: 'an expired key is refused',
    file: 'src/auth/index.ts',
    from: 'if (key.expires <= Date.now()) {',
    to: 'if (key.expires <= 0) {',
    test: 'auth',
  },
  {
    guard: 'weak keys do not start the server',
    file: 'src/auth/api-keys.ts',
    from: 'if (weakness !== undefined) return',
    to: "if (weakness === '') return",
    test: 'auth',
  },
  {
    guard: 'the file of keys is read again',
    file: 'src/auth/live-api-keys.ts',
    from: 'if (now >= nextRead) {',
    to: 'if (now < nextRead) {',
    test: 'api-key-file',
  },
  {
    guard: 'a broken file keeps the old keys',
    file: 'src/auth/live-api-keys.ts',
    from: '} else {',
    to: '} else {\n      keys = [];',
    test: 'api-key-file',
  },
  {
    guard: 'an unexpected error stays inside',
    file: 'src/pipeline/run-call.ts',
    from: 'Internal error. Reference:',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    to: '${error}',
    test: 'pipeline',
  },
  {
    guard: 'the scopes of a tool are asked for',
    file: 'src/pipeline/run-call.ts',
    from: 'if (missing.length === 0) return;',
    to: 'if (missing.length >= 0) return;',
    test: 'pipeline',
  },
  {
    guard: 'a client makes as many calls as it may',
    file: 'src/limits/call-limits.ts',
    from: 'if (wait > 0) throw rateLimited(wait);',
    to: 'if (wait < 0) throw rateLimited(wait);',
    test: 'limits/call-limits',
  },
  {
    guard: 'a client has as many calls under way as it may',
    file: 'src/limits/concurrency.ts',
    from: 'if (others >= this.max)',
    to: 'if (others - 1_000_000 >= this.max)',
    test: 'limits/call-limits',
  },
  {
    guard: 'a call that has ended is no longer under way',
    file: 'src/limits/concurrency.ts',
    from: 'else this.#underWay.delete(client);',
    to: '',
    test: 'limits/call-limits',
  },
  {
    guard: 'a tool has a limit of its own',
    file: 'src/limits/call-limits.ts',
    from: 'if (perMinute === undefined) return [all];',
    to: "if (name !== '') return [all];",
    test: 'limits/token-buckets',
  },
  {
    guard: 'tokens are taken from all buckets or from none',
    file: 'src/limits/token-buckets.ts',
    from: 'if (wait > 0) return',
    to: 'for (const bucket of buckets) if (wait > 0) this.#remember(bucket.key, this.#afterOneMore(bucket, now));\n    if (wait > 0) return',
    test: 'limits/token-buckets',
  },
  {
    guard: 'a client sends as many requests as it may',
    file: 'src/http/handler.ts',
    from: "if (tooMany) return limited('requests', tooMany);",
    to: '',
    test: 'http',
  },
  {
    guard: 'guesses are slowed down',
    file: 'src/auth/slow-guesses.ts',
    from: 'if (wait > 0) return',
    to: 'if (wait < 0) return',
    test: 'slow-guesses',
  },
  {
    guard: 'who is known is not locked out',
    file: 'src/auth/slow-guesses.ts',
    from: 'known.has(sent) ? 0 : ',
    to: '',
    test: 'slow-guesses',
  },
  {
    guard: 'ids of a batch are different',
    file: 'src/http/read-json.ts',
    from: 'new Set(ids).size < ids.length',
    to: 'ids.length < 0',
    test: 'http',
  },
  {
    guard: 'JSON is not nested too deep',
    file: 'src/http/read-json.ts',
    from: 'isTooDeep(bytes, MAX_DEPTH)',
    to: 'isTooDeep(bytes, 1e9)',
    test: 'http',
  },
  {
    guard: 'nobody is believed who is not our proxy',
    file: 'src/http/client-address.ts',
    from: 'if (!isProxy?.(client, hops) || isIP(next) === 0) break;',
    to: 'if (isIP(next) === 0) break;',
    test: 'client-address',
  },
  {
    guard: 'lists are cut',
    file: 'src/tools/fit-output.ts',
    from: 'Math.min(list.all.length, caps.maxRows)',
    to: 'list.all.length',
    test: 'tools/tool-result',
  },
  {
    guard: 'a cut is visible',
    file: 'src/tools/tool-result.ts',
    from: '...(isCut ? [marker] : [])',
    to: '',
    test: 'tools/tool-result',
  },
  {
    guard: 'a result that was cut fits its schema',
    file: 'src/tools/tool-result.ts',
    from: '(isCut && !output.safeParse(fitted.value).success)',
    to: '(isCut && output === undefined)',
    test: 'tools/tool-result',
  },
  {
    guard: 'a service that is away is not named',
    file: 'src/pipeline/run-call.ts',
    from: 'if (isNetworkError(error))',
    to: 'if (isNetworkError(undefined))',
    test: 'pipeline',
  },
  {
    guard: 'every call is audited',
    file: 'src/pipeline/run-call.ts',
    from: 'services.audit.record({ call, principal, outcome, ms, correlationId: id, era });',
    to: 'void era;',
    test: 'audit',
  },
  {
    guard: 'the audit log is redacted and harmless',
    file: 'src/observability/audit.ts',
    from: 'return redactLine(line);',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    to: 'return redactLine === undefined ? line : `${line}\\n`;',
    test: 'audit',
  },
  {
    guard: 'arguments are shown without secrets',
    file: 'src/observability/audit.ts',
    from: 'return redactValue(JSON.parse(text));',
    to: "return { ...JSON.parse(text), note: redactValue('') };",
    test: 'audit',
  },
  {
    guard: 'other machines do not read the metrics',
    file: 'src/http/metrics-endpoint.ts',
    from: 'return LOOPBACK.test(sender) &&',
    to: 'return (LOOPBACK.test(sender) || true) &&',
    test: 'metrics',
  },
  {
    guard: 'nobody reads the metrics through a proxy',
    file: 'src/http/metrics-endpoint.ts',
    from: 'PROXIED.every(',
    to: 'PROXIED.some(',
    test: 'metrics',
  },
  {
    guard: 'nobody reads the metrics where a setting speaks of a proxy',
    file: 'src/http/metrics-endpoint.ts',
    from: '(METRICS_TOKEN !== undefined || !isProxied(app.config))',
    to: '(METRICS_TOKEN !== undefined || isProxied(app.config) !== undefined)',
    test: 'metrics',
  },
  {
    guard: 'a rebound name does not read the metrics',
    file: 'src/http/guards.ts',
    from: '> 0 ? undefined : guard(request);',
    to: '>= 0 ? undefined : guard(request);',
    test: 'metrics',
  },
  {
    guard: 'what waits for a busy reader is bounded',
    file: 'src/observability/line-writer.ts',
    from: 'if (this.#isFull) {',
    to: "if (this.#isFull && line === '') {",
    test: 'line-writer',
  },
  {
    guard: 'a full log is written before a line is lost',
    file: 'src/observability/line-writer.ts',
    from: 'if (this.#isFull) this.flushSync();',
    to: '',
    test: 'line-writer',
  },
  {
    guard: 'long addresses are cut in the audit log',
    file: 'src/observability/audit.ts',
    from: 'call.uri && shortened(call.uri)',
    to: 'call.uri && (shortened(call.uri) ? call.uri : call.uri)',
    test: 'audit',
  },
  {
    guard: 'the audit log does not follow a symbolic link',
    file: 'src/observability/line-writer.ts',
    from: 'O_WRONLY | (O_NOFOLLOW ?? 0)',
    to: 'O_WRONLY | (O_NOFOLLOW ?? 0) * 0',
    test: 'audit',
  },
  {
    guard: 'refused requests have a bounded number of lines',
    file: 'src/observability/line-limit.ts',
    from: 'this.#written >= this.perSecond',
    to: 'this.#written >= this.perSecond * 1_000',
    test: 'line-limit',
  },
  {
    guard: 'what a stream wants is bounded',
    file: 'src/changes/wanted.ts',
    from: 'return characters <= MAX_CHARACTERS;',
    to: 'return characters <= MAX_CHARACTERS * 1_000;',
    test: 'subscriptions',
  },
  {
    guard: 'a wrong token does not read the metrics',
    file: 'src/http/metrics-endpoint.ts',
    from: 'timingSafeEqual(sha256(sent), sha256(token))',
    to: 'timingSafeEqual(sha256(token), sha256(token))',
    test: 'metrics',
  },
  {
    guard: 'codes of tools do not become labels',
    file: 'src/observability/call-metrics.ts',
    from: "CODES.has(outcome) ? outcome : 'tool_error'",
    to: 'CODES.has(outcome) ? outcome : outcome',
    test: 'metrics',
  },
  {
    guard: 'the log is redacted',
    file: 'src/observability/logger.ts',
    from: 'redactLine(withSourcePlaces(line))',
    to: "(redactLine(line) ? withSourcePlaces(line) : '')",
    test: 'redact',
  },
  {
    guard: 'an error on the way to the end counts',
    file: 'src/lifecycle.ts',
    from: 'exitCode = 1;',
    to: '',
    test: 'shutdown',
    build: true,
  },
  {
    guard: 'a log reader may go away',
    file: 'src/lifecycle.ts',
    from: "for (const output of [process.stdout, process.stderr]) output.on('error', () => {});",
    to: '',
    test: 'shutdown',
    build: true,
  },
  {
    guard: 'a request that is on its way is waited for',
    file: 'src/http/stop-listening.ts',
    from: 'await sleep(isConnected ? Math.max(delayMs, ON_THE_WAY) : delayMs);',
    to: 'await sleep(isConnected ? delayMs : delayMs);',
    test: 'stop-listening',
  },
  {
    guard: 'stdout belongs to the protocol',
    file: 'src/protect-stdout.ts',
    from: 'process.stdout.write = process.stderr.write.bind(process.stderr);',
    to: '',
    test: 'stdio',
    build: true,
  },
  {
    guard: 'a cursor is good for its caller alone',
    file: 'src/resources/cursors.ts',
    from: 'open(cursor: string, { id }: Principal): Place {',
    to: "open(cursor: string, _: Principal, id = 'alice'): Place {",
    test: 'resources/list-in-pages',
  },
  {
    guard: 'answers that were given to another call do not count',
    file: 'src/pipeline/call-scope.ts',
    from: 'isOurs ? state : undefined',
    to: 'isOurs || state ? state : undefined',
    test: 'pipeline',
  },
  {
    guard: 'answers count for the same arguments',
    file: 'src/pipeline/call-scope.ts',
    from: 'writeOut(input)]',
    to: 'writeOut(input === undefined)]',
    test: 'pipeline',
  },
  {
    guard: 'answers count for questions that were asked',
    file: 'src/pipeline/ask.ts',
    from: 'this.#wasAsked.has(key) ?',
    to: 'this.#wasAsked ?',
    test: 'pipeline',
  },
  {
    guard: 'an answer has to fit its form',
    file: 'src/pipeline/ask.ts',
    from: 'return form?.success ? { answer: form.data } : undefined;',
    to: 'return { answer: form?.data };',
    test: 'pipeline',
  },
  {
    guard: 'an approval counts once',
    file: 'src/policy/used-ids.ts',
    from: "if (used.has(id)) return 'again';",
    to: '',
    test: 'approvals',
  },
  {
    guard: 'an approval counts where it is remembered that it was used',
    file: 'src/policy/used-ids.ts',
    from: "if (used === undefined) return 'unknown';",
    to: "if (used === undefined) return 'first';",
    test: 'approvals',
  },
  {
    guard: 'a notification begins no session',
    file: 'src/sessions/sessions.ts',
    from: 'isJSONRPCRequest(body) && isInitializeRequest(body)',
    to: 'isInitializeRequest(body)',
    test: 'sessions',
    sessions: true,
  },
  {
    guard: 'events of changes do not say how much changes',
    file: 'src/sessions/session-streams.ts',
    from: 'cursors.seal({ list: CHANGES, after: place }, principal)',
    to: 'place',
    test: 'session-streams',
    sessions: true,
  },
  {
    guard: 'a session is there for its owner alone',
    file: 'src/sessions/memory-session-store.ts',
    from: 'kept?.owner !== owner ||',
    to: 'kept === undefined ||',
    test: 'memory-session-store',
    sessions: true,
  },
  {
    guard: 'a caller has a number of sessions',
    file: 'src/sessions/memory-session-store.ts',
    from: 'own.length >= this.limits.MAX_SESSIONS_PER_CALLER',
    to: 'own.length < 0',
    test: 'memory-session-store',
    sessions: true,
  },
  {
    guard: 'the stream of a session ends with its credentials',
    file: 'src/http/live-caller.ts',
    from: 'onEnd();',
    to: '',
    test: 'session-streams',
    sessions: true,
  },
  {
    guard: 'what waits for the client of a session is bounded',
    file: 'src/sessions/event-stream.ts',
    from: '(this.#target.desiredSize ?? 0) > 0',
    to: 'this.#target.desiredSize !== undefined',
    test: 'session-streams',
    sessions: true,
  },
];

/** The built project that a mutation is about. */
function projectFor(sessions = false): Promise<string> {
  return builtProject(sessions ? { transport: ['http', 'sessions'] } : {});
}

/** What the test file of the project prints. */
async function outputOf(project: string, test: string): Promise<string> {
  const printed = runTool(project, 'vitest/vitest.mjs', ['run', `test/${test}.test.ts`]);
  return await printed.then(
    () => 'all passed',
    (error: Error) => stripVTControlCharacters(error.message),
  );
}

describe('a generated project', () => {
  it.each([false, true])(
    'passes its tests with all guards in place (sessions: %s)',
    async (sessions) => {
      const project = await copyOf(await projectFor(sessions));
      const own = mutations.filter((mutation) => (mutation.sessions ?? false) === sessions);
      const tests = [...new Set(own.map(({ test }) => test))];
      const args = ['run', ...tests.map((test) => `test/${test}.test.ts`)];
      await runTool(project, 'vitest/vitest.mjs', args);
    },
    120_000,
  );
});

describe('without its guard a test fails', () => {
  it.each(mutations)(
    '$guard ($test)',
    async ({ file, from, to, test, ...mutation }) => {
      const project = await copyOf(await projectFor(mutation.sessions));
      const source = await readFile(join(project, file), 'utf8');
      expect(source.split(from), `${file} has changed: adapt this table`).toHaveLength(2);
      await writeFile(
        join(project, file),
        source.replace(from, () => to),
      );
      if (mutation.build) await build(project);
      const output = await outputOf(project, test);
      expect(output).toMatch(/Tests +\d+ failed/);
      // A file that does not even load proves nothing.
      expect(output).not.toContain('Failed Suites');
    },
    60_000,
  );
});
