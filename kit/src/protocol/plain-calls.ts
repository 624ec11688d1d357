import type {
  CacheHint,
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  LoggingLevel,
  Notification,
  RequestId,
  RequestMeta,
  RequestMetaEnvelope,
} from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import { type CallRequest, SERVER_INFO } from '../calls/call.js';
import { andThen, type MaybePromise, orElse } from '../calls/maybe-async.js';
import type { Services } from '../calls/services.js';
import { runTool } from '../calls/tool-calls.js';
import type { Tool } from '../definitions/definitions.js';
import { missingScopes, type Principal } from '../definitions/principal.js';
import { type CallOutcome, cacheHint } from './offer.js';
import { endingOf, inputSchemaOf, NOT_KEPT, withEnding } from './plain-results.js';
import { getPrompt } from './prompts.js';
import { RequestError } from './protocol-error.js';
import type { Method, PlainRequest } from './requests.js';
import { findResource, listResources, readResource } from './resources.js';

/** A call that can be answered without the MCP SDK. */
export interface PlainCall {
  /**
   * @param notify takes each notification that comes before the answer, as JSON; the call may wait until it goes on
   * @returns the message that answers it, as JSON, or an outcome that only the SDK can put into words
   */
  run(
    caller: Pick<Caller, 'signal' | 'whenOver'> & Partial<Pick<Caller, 'server'>>,
    notify: (message: string) => MaybePromise<void>,
  ): MaybePromise<string | CallOutcome>;
}

/** How a call of one method is run, and its outcome put into words. */
interface Prepared {
  run(request: CallRequest): MaybePromise<CallOutcome>;
  /** Whether the SDK would send an outcome as it is, byte for byte. */
  isPlain?(outcome: CallOutcome): boolean;
  /** How long the result may be kept, if clients are told that. */
  readonly hint?: CacheHint;
}

type Prepare = (
  request: PlainRequest,
  services: Services,
  principal: Principal,
) => Prepared | undefined;

/** The methods whose requests pass the pipeline. */
const CALLS = new Map<Method, Prepare>([
  ['tools/call', toolCall],
  ['resources/read', resourceRead],
  ['resources/list', resourceList],
  ['prompts/get', promptGet],
]);

/**
 * Prepares to answer a call as the MCP SDK does, but without building a server for it: that is what costs most. The call passes
 * the same pipeline, and runs once.
 * @returns `undefined` when the SDK has to see the call.
 */
export function plainCall(
  request: PlainRequest,
  services: Services,
  principal: Principal,
): PlainCall | undefined {
  const prepared = CALLS.get(request.method)?.(request, services, principal);
  if (prepared === undefined) return undefined;
  return {
    run(caller, notify) {
      const mcpReq = new PlainContext(request, caller, notify);
      const { server } = caller;
      const whenGone = (ended: () => void) => caller.whenOver(ended);
      const work = () => prepared.run({ mcpReq, whenGone, ...(server && { server }) });
      return andThen(
        orElse<CallOutcome | RequestError>(work, (error) => {
          if (error instanceof RequestError) return error;
          throw error;
        }),
        (outcome) => answerTo(request, outcome, prepared, services) ?? (outcome as CallOutcome),
      );
    },
  };
}

function answerTo(
  { id, era }: PlainRequest,
  outcome: CallOutcome | RequestError,
  { isPlain, hint }: Prepared,
  services: Services,
): string | undefined {
  if (outcome instanceof RequestError) {
    const { code, message, data } = outcome;
    return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } });
  }
  if (outcome.resultType === 'input_required' || isPlain?.(outcome) === false) return undefined;
  const result = era === 'modern' ? modernResult(outcome, services, hint) : JSON.stringify(outcome);
  return `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
}

function toolCall({ name, args }: PlainRequest, services: Services, principal: Principal) {
  const tool = services.definitions.tools.get(name);
  if (tool === undefined || hasHeaderArguments(tool)) return undefined;
  if (missingScopes(principal, tool.scopes ?? []).length > 0) return undefined;
  const access = services.policy.accessOf(principal);
  if (!access.allows('tool', name) || access.needsApproval(name)) return undefined;
  const input = parsedAtOnce(tool.input, args);
  if (input === undefined) return undefined;
  return {
    run: (request: CallRequest) => runTool(tool, input, services, principal, request),
    isPlain: (outcome: CallOutcome) => isPlainResult(outcome as CallToolResult, tool),
  };
}

function promptGet({ name, args }: PlainRequest, services: Services, principal: Principal) {
  const prompt = services.definitions.prompts.find((one) => one.name === name);
  if (prompt === undefined || missingScopes(principal, prompt.scopes ?? []).length > 0) {
    return undefined;
  }
  if (!services.policy.accessOf(principal).allows('prompt', name)) return undefined;
  const parsed = parsedAtOnce(prompt.args, args);
  if (parsed === undefined) return undefined;
  return {
    run: (request: CallRequest) => getPrompt(prompt, parsed, services, principal, request),
  };
}

function resourceRead({ name }: PlainRequest, services: Services, principal: Principal) {
  if (!URL.canParse(name)) return undefined;
  const { href: uri } = new URL(name);
  const found = findResource(uri, services, services.policy.accessOf(principal));
  if (found === undefined) return undefined;
  const { resource, variables } = found;
  if (missingScopes(principal, resource.scopes ?? []).length > 0) return undefined;
  const { cacheSeconds } = resource;
  return {
    run: (request: CallRequest) =>
      readResource(resource, { uri, variables }, services, principal, request),
    hint: cacheSeconds === undefined ? NOT_KEPT : cacheHint(cacheSeconds, services.policy),
  };
}

function resourceList({ params }: PlainRequest, services: Services, principal: Principal) {
  const cursor = params.cursor as string | undefined;
  return {
    run: (request: CallRequest) => listResources(cursor, services, principal, request),
    hint: NOT_KEPT,
  };
}

/** What the SDK's context would be for a plain call. */
class PlainContext {
  readonly id: RequestId;
  readonly _meta: RequestMeta;
  readonly envelope?: RequestMetaEnvelope;

  constructor(
    private readonly request: PlainRequest,
    private readonly caller: Pick<Caller, 'signal'>,
    private readonly send: (message: string) => MaybePromise<void>,
  ) {
    this.id = request.id;
    this._meta = request.meta;
    if (request.era === 'modern') this.envelope = request.meta as RequestMetaEnvelope;
  }

  get signal(): AbortSignal {
    return this.caller.signal;
  }

  requestState(): undefined {}

  async notify(notification: Notification): Promise<void> {
    await this.send(JSON.stringify({ jsonrpc: '2.0', ...notification }));
  }

  async log(level: LoggingLevel, data: unknown, logger?: string): Promise<void> {
    // A client of 2026-07-28 that wants log messages says so, and then its call is not plain.
    if (this.request.era === 'modern') return;
    await this.notify({ method: 'notifications/message', params: { level, data, logger } });
  }
}

function isText(one: ContentBlock): boolean {
  if (one?.type !== 'text' || typeof one.text !== 'string') return false;
  const keys = Object.keys(one);
  return keys.length === 2 && keys[0] === 'type';
}

/** Whether the SDK would send the result of a tool as it is, byte for byte: texts, and data that fits its schema. */
function isPlainResult(
  { content, structuredContent, isError }: CallToolResult,
  tool: Tool,
): boolean {
  if (!content.every(isText)) return false;
  if (isError) return true;
  if (tool.output === undefined) return true;
  return parsedAtOnce(tool.output, structuredContent) !== undefined;
}

/**
 * A value as a schema reads it; `undefined` when it does not fit, has to be waited for, or a check of the schema throws. The SDK
 * answers these. `~standard.validate` would begin to wait, and a rejection that nobody awaits ends the process.
 */
function parsedAtOnce<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  try {
    return schema.safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** With what every result of 2026-07-28 has. Most have no `_meta` of their own, and then it is the same end. */
function modernResult(outcome: CallOutcome, services: Services, hint?: CacheHint): string {
  const { _meta } = outcome;
  if (_meta === undefined) return withEnding(JSON.stringify(outcome), endingOf(services, hint));
  const meta = { ..._meta, [SERVER_INFO]: services.about };
  return JSON.stringify({ ...outcome, resultType: 'complete', _meta: meta });
}

/** The message that answers a call whose failure is this server's own. */
export function internalError(id: RequestId): string {
  const error = { code: -32603, message: 'Internal error' };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

const known = new WeakMap<Tool, boolean>();

/**
 * Whether a tool has arguments that clients repeat in headers (`x-mcp-header` in its schema), which have to be compared.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
function hasHeaderArguments(tool: Tool): boolean {
  let has = known.get(tool);
  if (has === undefined) {
    has = textOfInput(tool).includes('"x-mcp-header"');
    known.set(tool, has);
  }
  return has;
}

/** The SDK compares nothing where JSON Schema cannot express the arguments. */
function textOfInput(tool: Tool): string {
  try {
    return JSON.stringify(inputSchemaOf(tool));
  } catch {
    return '';
  }
}

/** Whoever waits for an answer, and may go away before it is there. */
export class Caller {
  /** Knows what a client of 2025 said when it connected. */
  readonly server: CallRequest['server'];
  readonly #works: (() => void)[] = [];
  #controller: AbortController | undefined;
  #isOver = false;

  constructor(capabilities?: ClientCapabilities) {
    this.server = { server: { getClientCapabilities: () => capabilities } };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborted when it is over. Most calls end before they need it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.whenOver(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** Calls `work` when the answer is sent or the caller has gone. */
  whenOver(work: () => void): void {
    if (this.#isOver) work();
    else this.#works.push(work);
  }

  /** The answer is sent, or the caller has gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const work of this.#works) work();
  }
}
