import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  InputRequest,
  InputRequiredResult,
  Root,
} from '@modelcontextprotocol/server';
import { inputRequired, inputResponse } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { CallRequest } from './call-request.js';
import type { Kept } from './round-state.js';

/** What only the client can answer: a form for its human, a text from its model, the folders that it has open. */
export type Question =
  | { readonly elicit: string; readonly form: z.ZodObject }
  | { readonly sample: CreateMessageRequestParams }
  | { readonly roots: true };

/** The answer to a question; `undefined` when the human declined a form. */
export type Answer<Q extends Question> = Q extends { form: infer Form extends z.ZodObject }
  ? z.output<Form> | undefined
  : Q extends { sample: unknown }
    ? CreateMessageResult
    : readonly Root[];

export type Answers<Questions> = {
  readonly [Key in keyof Questions]: Questions[Key] extends Question
    ? Answer<Questions[Key]>
    : never;
};

/** Ends a round of a call; `result` asks the client to come back with answers. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';

  constructor(
    readonly result: InputRequiredResult,
    /** What has to come back with the answers. */
    readonly kept: Kept,
  ) {
    super('input required');
  }
}

/** The questions of one call: answered ones come from this round's request or, signed, from earlier rounds. */
export class Asking {
  readonly #answered: Record<string, unknown>;
  readonly #asked = new Map<string, number>();

  constructor(
    private readonly request: CallRequest,
    earlier: Kept['answers'] = {},
  ) {
    this.#answered = { ...earlier };
  }

  /**
   * @throws {InputNeeded} until every question has an answer that fits it.
   * @see https://modelcontextprotocol.io/specification/draft/basic/utilities/mrtr
   */
  ask<const Questions extends Readonly<Record<string, Question>>>(
    questions: Questions,
  ): Answers<Questions> {
    const open: Record<string, InputRequest> = {};
    const answers: Record<string, unknown> = {};
    for (const [key, question] of Object.entries(questions)) {
      const fitting = this.#read(key, question);
      if (fitting === undefined) open[key] = requestOf(question);
      else answers[key] = fitting.answer;
    }
    if (Object.keys(open).length === 0) return answers as Answers<Questions>;
    throw new InputNeeded(inputRequired({ inputRequests: open }), { answers: this.#answered });
  }

  /** One question without a key of its own; questions of a kind are told apart by their order. */
  one<Q extends Question>(kind: string, question: Q): Answer<Q> {
    const count = (this.#asked.get(kind) ?? 0) + 1;
    this.#asked.set(kind, count);
    const key = count === 1 ? kind : `${kind}${count}`;
    return this.ask({ [key]: question })[key] as Answer<Q>;
  }

  #read(key: string, question: Question): { answer: unknown } | undefined {
    for (const responses of [this.#answered, this.request.mcpReq.inputResponses]) {
      if (responses === undefined || !Object.hasOwn(responses, key)) continue;
      const fitting = answerIn(inputResponse(responses, key), question);
      if (fitting === undefined) continue;
      this.#answered[key] = responses[key];
      return fitting;
    }
    return undefined;
  }
}

function requestOf(question: Question): InputRequest {
  if ('roots' in question) return inputRequired.listRoots();
  if ('sample' in question) return inputRequired.createMessage(question.sample);
  return inputRequired.elicit({ message: question.elicit, requestedSchema: question.form });
}

/** Clients send anything: what does not fit its question is no answer. */
function answerIn(
  response: ReturnType<typeof inputResponse>,
  question: Question,
): { answer: unknown } | undefined {
  if ('roots' in question)
    return response.kind === 'roots' ? { answer: response.roots } : undefined;
  if ('sample' in question) {
    return response.kind === 'sampling' ? { answer: response.result } : undefined;
  }
  if (response.kind !== 'elicit') return undefined;
  if (response.action !== 'accept') return { answer: undefined };
  const form = question.form.safeParse(response.content);
  return form.success ? { answer: form.data } : undefined;
}
