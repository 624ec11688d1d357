import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import type { Config } from '../config.js';
import { InputNeeded } from '../pipeline/elicit.js';
import { ToolError } from '../pipeline/errors.js';
import type { Principal } from '../pipeline/principal.js';

const KEY = 'approval';
const VALID_SECONDS = 300;
const SHOWN_CHARACTERS = 4_000;
const Form = z.object({ approve: z.boolean().describe('Let this call run') });

/** A call that a person has to approve. */
export interface Request {
  readonly tool: string;
  readonly args: unknown;
  readonly principal: Principal;
  readonly sdk: ServerContext;
  readonly server: McpServer;
}

/** What travels to the client and back, signed: which call it is about, and whether a person has approved it. */
interface State {
  readonly id: string;
  readonly call: string;
  readonly approved: boolean;
}

/**
 * Asks the person behind the client before a tool runs. The question is signed over the caller, the tool and its arguments, so
 * that an answer is good for this one call, once, and for five minutes. It guards against a model that is talked into
 * something; a client that answers for its user cannot be told apart.
 */
export class Approvals {
  readonly #codec;
  readonly #used = new Map<string, number>();

  constructor({ REQUEST_STATE_SECRET }: Pick<Config, 'REQUEST_STATE_SECRET'>) {
    const key = REQUEST_STATE_SECRET ?? randomBytes(32);
    this.#codec = createRequestStateCodec<State>({ key, ttlSeconds: VALID_SECONDS });
  }

  /**
   * Runs `work` when the call has been approved.
   * @throws {InputNeeded} when the person has to be asked first.
   * @throws {ToolError} when the person said no, or the client cannot ask.
   */
  async run<T>(request: Request, work: () => T | Promise<T>): Promise<T> {
    const { tool, args, principal, sdk } = request;
    const text = describe(args);
    const call = createHash('sha256')
      .update(JSON.stringify([principal.id, tool, text]))
      .digest('base64url');

    const state = await this.#redeem(sdk, call);
    const answer = inputResponse(sdk.mcpReq.inputResponses, KEY);
    if (state === undefined || (!state.approved && answer.kind !== 'elicit')) {
      throw await this.#question(request, call, text);
    }
    if (!state.approved && !isYes(answer)) {
      throw new ToolError('NOT_APPROVED', `The user did not approve this call of ${tool}.`);
    }
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputNeeded)) throw error;
      throw new InputNeeded({ ...error.result, requestState: await this.#sign(call, true) });
    }
  }

  async #question(request: Request, call: string, text: string): Promise<InputNeeded> {
    const { tool } = request;
    if (!canAsk(request)) {
      throw new ToolError(
        'APPROVAL_IMPOSSIBLE',
        `A person has to approve ${tool}, and this client has no way to ask one.`,
        { suggestions: ['Use a client that speaks MCP 2026-07-28 and supports elicitation.'] },
      );
    }
    const message = `Let ${tool} run with these arguments?\n\n${shorten(text)}`;
    return new InputNeeded(
      inputRequired({
        inputRequests: { [KEY]: inputRequired.elicit({ message, requestedSchema: Form }) },
        requestState: await this.#sign(call, false),
      }),
    );
  }

  async #sign(call: string, approved: boolean): Promise<string> {
    return await this.#codec.mint({ id: randomUUID(), call, approved });
  }

  /** The state that came back, if we signed it for this call, lately, and it has not come back before. */
  async #redeem(sdk: ServerContext, call: string): Promise<State | undefined> {
    const text = sdk.mcpReq.requestState<string>();
    if (text === undefined) return undefined;
    const state = await this.#codec.verify(text, sdk).catch(() => undefined);
    if (state?.call !== call || this.#used.has(state.id)) return undefined;
    const now = performance.now();
    for (const [id, end] of this.#used) {
      if (end > now) break;
      this.#used.delete(id);
    }
    this.#used.set(state.id, now + VALID_SECONDS * 1_000);
    return state;
  }
}

/**
 * The arguments as the person reads them. All of them and nothing else decides which call was approved, so nothing may be
 * left out (JSON would lose what a schema made a Map or a Date of), and invisible characters are spelled out.
 */
function describe(args: unknown): string {
  return inspect(args, {
    depth: null,
    maxArrayLength: null,
    maxStringLength: null,
    sorted: true,
  }).replaceAll(/\p{Cf}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function shorten(text: string): string {
  const rest = text.length - SHOWN_CHARACTERS;
  return rest <= 0 ? text : `${text.slice(0, SHOWN_CHARACTERS)}… and ${rest} more characters`;
}

function isYes(answer: ReturnType<typeof inputResponse>): boolean {
  if (answer.kind !== 'elicit' || answer.action !== 'accept') return false;
  return Form.safeParse(answer.content).data?.approve === true;
}

/** Clients say so with every request, older ones when they connect. One that names no mode can show forms. */
function canAsk({ sdk, server }: Request): boolean {
  const envelope = sdk.mcpReq.envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities };
  const declared =
    envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities();
  const { form, url } = declared?.elicitation ?? { url: {} };
  return form !== undefined || url === undefined;
}
