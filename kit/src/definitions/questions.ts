import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  Root,
} from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';

/** What only the client can answer: a form for its human, a text from its model, the folders that it has open. */
export type Question =
  | { readonly elicit: string; readonly form: z.ZodObject }
  | { readonly sample: CreateMessageRequestParams }
  | { readonly roots: true };

/** Questions by keys of their own. */
export type Questions = Readonly<Record<string, Question>>;

/** The answer to a question; `undefined` when the human declined a form. */
export type Answer<Q extends Question> = Q extends { form: infer Form extends z.ZodObject }
  ? z.output<Form> | undefined
  : Q extends { sample: unknown }
    ? CreateMessageResult
    : readonly Root[];

export type Answers<Asked> = {
  readonly [Key in keyof Asked]: Asked[Key] extends Question ? Answer<Asked[Key]> : never;
};
