import * as z from 'zod/v4';
import { canShowForms } from '../calls/call.js';
import {
  type CallState,
  findAnswer,
  formatArguments,
  InputNeeded,
  type RoundState,
  STATE_TTL_SECONDS,
} from '../calls/client-state.js';
import type { ApprovalRequest, Approvals, NonceClaim, NonceStore } from '../calls/services.js';
import { type Question, ToolError } from '../definitions/definitions.js';
import type { Host } from '../host/host.js';

const KEY = 'approval';
const ASKED_AGAIN =
  'This is asked again: the server has been restarted, or the answer came to another replica. ';
const Form = z.object({ approve: z.boolean().describe('Let this call run') });

/**
 * Asks the person behind the client before a tool runs. The question is signed over the caller, the tool and its arguments,
 * so an answer is good for that one call. This guards against a model that is talked into something; a client that answers
 * for its user cannot be told apart.
 */
export class SignedApprovals implements Approvals {
  constructor(
    private readonly nonces: NonceStore,
    private readonly host: Host,
  ) {}

  /**
   * Runs `work` when the call has been approved.
   * @throws {InputNeeded} when the person has to be asked first.
   * @throws {ToolError} when the person said no, or the client cannot ask.
   */
  async run<T>(asked: ApprovalRequest, work: () => T | Promise<T>): Promise<T> {
    const { tool, args, principal, request } = asked;
    const shown = formatArguments(args, this.host);
    const call = this.host.sha256(JSON.stringify([principal.id, tool, shown]), 'base64url');

    const state = request.mcpReq.requestState<CallState>();
    const use = await this.#use(state, call);
    const known = use === 'first' ? state?.approval : undefined;
    const question = questionAbout(tool, shown, use);
    const { inputResponses = {} } = request.mcpReq;
    if (known === undefined || !(known.approved || Object.hasOwn(inputResponses, KEY))) {
      if (!canShowForms(request)) throw cannotAsk(tool);
      const kept = { answers: {}, approval: await this.#keep(call, false) };
      throw new InputNeeded({ [KEY]: question }, kept);
    }
    if (!known.approved && !isYes(findAnswer(question, KEY, inputResponses))) {
      throw new ToolError('NOT_APPROVED', `The user did not approve this call of ${tool}.`);
    }
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputNeeded)) throw error;
      const kept = { ...error.kept, approval: await this.#keep(call, true) };
      throw new InputNeeded(error.questions, kept);
    }
  }

  /** Whether this is the first time that a state comes back, if it is about `call`. */
  async #use(state: CallState | undefined, call: string): Promise<NonceClaim | undefined> {
    if (state?.approval?.call !== call) return undefined;
    return await this.nonces.claim(state.id, state.approval.set);
  }

  async #keep(call: string, approved: boolean): Promise<NonNullable<RoundState['approval']>> {
    return { call, approved, set: await this.nonces.setForNew(STATE_TTL_SECONDS) };
  }
}

function questionAbout(tool: string, shown: string, use: NonceClaim | undefined): Question {
  const reason = use === 'unknown' ? ASKED_AGAIN : '';
  const question = `Let ${tool} run with these arguments?`;
  return { elicit: `${reason}${question}\n\n${shorten(shown)}`, form: Form };
}

function isYes(answered: ReturnType<typeof findAnswer>): boolean {
  return Form.safeParse(answered?.answer).data?.approve === true;
}

function cannotAsk(tool: string): ToolError {
  return new ToolError(
    'APPROVAL_IMPOSSIBLE',
    `A person has to approve ${tool}, and this client has no way to ask one.`,
    { suggestions: ['Use a client that speaks MCP 2026-07-28 and supports elicitation.'] },
  );
}

const SHOWN_CHARACTERS = 4_000;

/** Long arguments in short; how much is missing is part of it. */
export function shorten(text: string): string {
  const rest = text.length - SHOWN_CHARACTERS;
  return rest <= 0 ? text : `${text.slice(0, SHOWN_CHARACTERS)}… and ${rest} more characters`;
}
