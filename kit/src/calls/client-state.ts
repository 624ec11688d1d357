import type {
  InputRequiredResult,
  RequestStateCodec,
  ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import {
  type Answer,
  type Answers,
  type Principal,
  type Question,
  type Questions,
  ToolError,
} from '../definitions/definitions.js';
import { type Host, randomBytes, type Sealer } from '../host/host.js';
import type { CallRequest } from './call.js';

/** Thrown by work that cannot go on without answers. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';

  /** What has to come back with the answers. */
  readonly kept: RoundState;

  constructor(
    readonly questions: Questions,
    kept: Omit<RoundState, 'asked'>,
  ) {
    super('input needed');
    this.kept = { ...kept, asked: Object.keys(questions) };
  }
}

/** Ends a round of a call: `result` asks the client to come back with answers. */
export class InputRequired extends Error {
  override readonly name = 'InputRequired';

  constructor(readonly result: InputRequiredResult) {
    super('input required');
  }
}

/** The questions of one call: answered ones come from this round's request, if they were asked, or, signed, from earlier rounds. */
export class CallQuestions {
  readonly #answered: Record<string, unknown>;
  readonly #wasAsked: ReadonlySet<string>;
  readonly #asked = new Map<string, number>();

  constructor(
    private readonly request: CallRequest,
    { answers, asked }: Pick<RoundState, 'answers' | 'asked'> = { answers: {}, asked: [] },
  ) {
    this.#answered = { ...answers };
    this.#wasAsked = new Set(asked);
  }

  /**
   * @throws {InputNeeded} until every question has an answer that fits it.
   * @see https://modelcontextprotocol.io/specification/draft/basic/utilities/mrtr
   */
  ask<const Asked extends Questions>(questions: Asked): Answers<Asked> {
    const open: Record<string, Question> = {};
    const answers: Record<string, unknown> = {};
    for (const [key, question] of Object.entries(questions)) {
      const fitting = this.#read(key, question);
      if (fitting === undefined) open[key] = question;
      else answers[key] = fitting.answer;
    }
    if (Object.keys(open).length === 0) return answers as Answers<Asked>;
    throw new InputNeeded(open, { answers: this.#answered });
  }

  /** One question without a key of its own; questions of a kind are told apart by their order. */
  one<Q extends Question>(kind: string, question: Q): Answer<Q> {
    const count = (this.#asked.get(kind) ?? 0) + 1;
    this.#asked.set(kind, count);
    const key = count === 1 ? kind : `${kind}${count}`;
    return this.ask({ [key]: question })[key] as Answer<Q>;
  }

  #read(key: string, question: Question): MatchedAnswer | undefined {
    const responded = this.#wasAsked.has(key) ? this.request.mcpReq.inputResponses : undefined;
    for (const responses of [this.#answered, responded]) {
      const fitting = findAnswer(question, key, responses);
      if (fitting === undefined) continue;
      this.#answered[key] = responses?.[key];
      return fitting;
    }
    return undefined;
  }
}

interface MatchedAnswer {
  readonly answer: unknown;
}

/** Finds the answer to a question. Clients send anything: what does not fit its question is no answer. */
export function findAnswer(
  question: Question,
  key: string,
  responses: Readonly<Record<string, unknown>> | undefined,
): MatchedAnswer | undefined {
  if (responses === undefined || !Object.hasOwn(responses, key)) return undefined;
  const { action, content, roots, role } = (responses[key] ?? {}) as Record<string, unknown>;
  if ('roots' in question) return Array.isArray(roots) ? { answer: roots } : undefined;
  if ('sample' in question) {
    const isMessage = typeof role === 'string' && content !== undefined;
    return isMessage ? { answer: responses[key] } : undefined;
  }
  if (action === 'decline' || action === 'cancel') return { answer: undefined };
  const form = action === 'accept' ? question.form.safeParse(content) : undefined;
  return form?.success ? { answer: form.data } : undefined;
}

/** How long a client may take from a question to its answer. */
export const STATE_TTL_SECONDS = 600;

/** What a call knows at the end of a round. */
export interface RoundState {
  /** The client's responses so far, by the key of their question. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The keys of the questions that are open. */
  readonly asked: readonly string[];
  /**
   * Whether a call with these arguments, by hash, has been approved or only asked about, and in which set it is remembered that
   * this was used.
   */
  readonly approval?: { readonly call: string; readonly approved: boolean; readonly set: string };
}

/** What a client keeps between two rounds of a call. It can read this, but not change it. */
export interface CallState extends RoundState {
  readonly id: string;
  /** Whose call it is, of what and with which arguments: a hash. */
  readonly call: string;
}

/** Signs what clients keep. Without a secret there is a new one, so that only this process knows its states. */
export class CallStateCodec {
  readonly #key: string | Uint8Array;
  #codec: Promise<RequestStateCodec<CallState>> | undefined;

  constructor(secret?: string) {
    this.#key = secret ?? randomBytes(32);
  }

  async sign(state: CallState): Promise<string> {
    const codec = await this.#open();
    return await codec.mint(state);
  }

  /** @throws when a state is not ours, was changed or is too old; the client gets -32602. */
  async verify(text: string, sdk: ServerContext): Promise<CallState> {
    const codec = await this.#open();
    return await codec.verify(text, sdk);
  }

  #open(): Promise<RequestStateCodec<CallState>> {
    this.#codec ??= import('./input-required.js').then(({ createRequestStateCodec }) =>
      createRequestStateCodec<CallState>({ key: this.#key, ttlSeconds: STATE_TTL_SECONDS }),
    );
    return this.#codec;
  }
}

/**
 * The arguments of a call as a person can read them, with invisible characters spelled out. It also says which call was
 * asked about, so nothing may be left out: JSON would lose what a schema has made a Map or a Set of.
 */
export function formatArguments(args: unknown, host: Pick<Host, 'inspect'>): string {
  return host
    .inspect(args)
    .replaceAll(
      /[\p{Cf}\p{DI}\p{Zl}\p{Zp}\u2800]/gu,
      (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
    );
}

const PagePosition = z.object({ list: z.string(), after: z.string().optional() });

/** Where the next page begins: in this list, after this resource. */
export type PagePosition = z.output<typeof PagePosition>;

/** Seals places into cursors that a client can neither read nor change, nor give to somebody else. */
export class Cursors {
  readonly #sealer: Sealer;

  /** Without a secret there is a new one, so that only this process knows its cursors. */
  constructor(host: Host, secret?: string) {
    this.#sealer = host.sealer(secret, 'resources/list');
  }

  seal(place: PagePosition, { id }: Principal): string {
    return this.#sealer.seal(JSON.stringify(place), id);
  }

  /** @throws {ToolError} `INVALID_CURSOR` when it is not one of this caller's. */
  open(cursor: string, { id }: Principal): PagePosition {
    try {
      return PagePosition.parse(JSON.parse(this.#sealer.open(cursor, id)));
    } catch {
      throw invalidCursor();
    }
  }
}

export function invalidCursor(): ToolError {
  return new ToolError('INVALID_CURSOR', 'This cursor is not valid.');
}
