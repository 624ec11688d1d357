import type { InputRequiredResult } from '@modelcontextprotocol/server';
import type { Answer, Answers, Question, Questions } from '../definitions/questions.js';
import type { CallRequest } from './call.js';
import type { Kept } from './round-state.js';

/** Thrown by work that cannot go on without answers. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';

  /** What has to come back with the answers. */
  readonly kept: Kept;

  constructor(
    readonly questions: Questions,
    kept: Omit<Kept, 'asked'>,
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
export class Asking {
  readonly #answered: Record<string, unknown>;
  readonly #wasAsked: ReadonlySet<string>;
  readonly #asked = new Map<string, number>();

  constructor(
    private readonly request: CallRequest,
    { answers, asked }: Pick<Kept, 'answers' | 'asked'> = { answers: {}, asked: [] },
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

  #read(key: string, question: Question): Fitting | undefined {
    const responded = this.#wasAsked.has(key) ? this.request.mcpReq.inputResponses : undefined;
    for (const responses of [this.#answered, responded]) {
      const fitting = answerTo(question, key, responses);
      if (fitting === undefined) continue;
      this.#answered[key] = responses?.[key];
      return fitting;
    }
    return undefined;
  }
}

interface Fitting {
  readonly answer: unknown;
}

/** Finds the answer to a question. Clients send anything: what does not fit its question is no answer. */
export function answerTo(
  question: Question,
  key: string,
  responses: Readonly<Record<string, unknown>> | undefined,
): Fitting | undefined {
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
