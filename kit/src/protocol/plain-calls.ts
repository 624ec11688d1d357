import type {
  CallToolResult,
  ContentBlock,
  LoggingLevel,
  Notification,
  RequestId,
  RequestMeta,
  RequestMetaEnvelope,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import { SERVER_INFO } from '../calls/call.js';
import type { MaybePromise } from '../calls/maybe-async.js';
import type { Services } from '../calls/services.js';
import { runTool, type ToolOutcome } from '../calls/tool-calls.js';
import type { Tool } from '../definitions/definitions.js';
import { missingScopes, type Principal } from '../definitions/principal.js';
import type { PlainRequest } from './requests.js';

/** A call that can be answered without the MCP SDK. */
export interface PlainCall {
  /** @param notify takes each notification that comes before the answer, as JSON; the call may wait until it goes on */
  run(
    caller: Pick<Caller, 'signal' | 'whenOver'>,
    notify: (message: string) => MaybePromise<void>,
  ): MaybePromise<ToolOutcome>;
  /** The message that answers it, as JSON; `undefined` for an outcome that only the SDK can put into words. */
  answer(outcome: ToolOutcome): string | undefined;
}

/** What the answers of one server have in common. */
interface Ending {
  readonly server: Readonly<Record<string, unknown>>;
  /** Of a result of 2026-07-28 that has no `_meta` of its own. */
  readonly text: string;
}

const endings = new WeakMap<Services, Ending>();

function endingOf(services: Services): Ending {
  let ending = endings.get(services);
  if (ending === undefined) {
    const server = { [SERVER_INFO]: services.about };
    ending = { server, text: `,"resultType":"complete","_meta":${JSON.stringify(server)}}` };
    endings.set(services, ending);
  }
  return ending;
}

/**
 * Prepares to answer a call of a tool as the MCP SDK does, but without building a server for it: that is what costs
 * most. The call passes the same pipeline, and runs once.
 * @returns `undefined` when the SDK has to see the call.
 */
export function plainCall(
  request: PlainRequest,
  services: Services,
  principal: Principal,
): PlainCall | undefined {
  const { id, era, name, args } = request;
  const tool = services.definitions.tools.get(name);
  if (tool === undefined || hasHeaderArguments(tool)) return undefined;
  if (missingScopes(principal, tool.scopes ?? []).length > 0) return undefined;
  const access = services.policy.accessOf(principal);
  if (!access.allows('tool', name) || access.needsApproval(name)) return undefined;
  const input = parsedAtOnce(tool.input, args);
  if (input === undefined) return undefined;

  return {
    run: (caller, notify) =>
      runTool(tool, input, services, principal, {
        mcpReq: new PlainContext(request, caller, notify),
        whenGone: (work) => caller.whenOver(work),
      }),
    answer(outcome) {
      if (!isPlain(outcome, tool)) return undefined;
      const result =
        era === 'modern' ? modernResult(outcome, endingOf(services)) : JSON.stringify(outcome);
      return `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
    },
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

/** Whether the SDK would send a result as it is, byte for byte: texts, and data that fits its schema. */
function isPlain(outcome: ToolOutcome, tool: Tool): outcome is CallToolResult {
  if (outcome.resultType === 'input_required') return false;
  const { content, structuredContent, isError } = outcome as CallToolResult;
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
function modernResult(result: CallToolResult, { server, text }: Ending): string {
  const { _meta } = result;
  if (_meta === undefined) return JSON.stringify(result).slice(0, -1) + text;
  return JSON.stringify({ ...result, resultType: 'complete', _meta: { ..._meta, ...server } });
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
export function hasHeaderArguments(tool: Tool): boolean {
  let has = known.get(tool);
  if (has === undefined) {
    const schema = z.toJSONSchema(tool.input, { io: 'input', unrepresentable: 'any' });
    has = JSON.stringify(schema).includes('"x-mcp-header"');
    known.set(tool, has);
  }
  return has;
}

/** Whoever waits for an answer, and may go away before it is there. */
export class Caller {
  readonly #works: (() => void)[] = [];
  #controller: AbortController | undefined;
  #isOver = false;

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
