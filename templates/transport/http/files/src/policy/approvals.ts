import { createHash } from 'node:crypto';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
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
import { OneTimeState } from './one-time-state.js';
import { shorten, writeOut } from './shown-arguments.js';
import type { UsedIds } from './used-ids.js';

const KEY = 'approval';
const Form = z.object({ approve: z.boolean().describe('Let this call run') });

/** A call that a person has to approve. */
export interface Request {
  readonly tool: string;
  readonly args: unknown;
  readonly principal: Principal;
  readonly sdk: ServerContext;
  readonly server: McpServer;
}

/**
 * Asks the person behind the client before a tool runs. The question is signed over the caller, the tool and its arguments,
 * so an answer is good for that one call. This guards against a model that is talked into something; a client that answers
 * for its user cannot be told apart.
 */
export class Approvals {
  readonly #state: OneTimeState;

  constructor({ REQUEST_STATE_SECRET }: Pick<Config, 'REQUEST_STATE_SECRET'>, used: UsedIds) {
    this.#state = new OneTimeState(REQUEST_STATE_SECRET, used);
  }

  /**
   * Runs `work` when the call has been approved.
   * @throws {InputNeeded} when the person has to be asked first.
   * @throws {ToolError} when the person said no, or the client cannot ask.
   */
  async run<T>(request: Request, work: () => T | Promise<T>): Promise<T> {
    const { tool, args, principal, sdk } = request;
    const shown = writeOut(args);
    const call = createHash('sha256')
      .update(JSON.stringify([principal.id, tool, shown]))
      .digest('base64url');

    const state = await this.#state.redeem(sdk, call);
    const answer = inputResponse(sdk.mcpReq.inputResponses, KEY);
    if (state === undefined || (!state.approved && answer.kind !== 'elicit')) {
      if (!canAsk(request)) throw cannotAsk(tool);
      throw question(tool, shown, await this.#state.sign(call, false));
    }
    if (!state.approved && !isYes(answer)) {
      throw new ToolError('NOT_APPROVED', `The user did not approve this call of ${tool}.`);
    }
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputNeeded)) throw error;
      const requestState = await this.#state.sign(call, true);
      throw new InputNeeded({ ...error.result, requestState });
    }
  }
}

function question(tool: string, shown: string, requestState: string): InputNeeded {
  const message = `Let ${tool} run with these arguments?\n\n${shorten(shown)}`;
  const asked = inputRequired.elicit({ message, requestedSchema: Form });
  return new InputNeeded(inputRequired({ inputRequests: { [KEY]: asked }, requestState }));
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

function cannotAsk(tool: string): ToolError {
  return new ToolError(
    'APPROVAL_IMPOSSIBLE',
    `A person has to approve ${tool}, and this client has no way to ask one.`,
    { suggestions: ['Use a client that speaks MCP 2026-07-28 and supports elicitation.'] },
  );
}
