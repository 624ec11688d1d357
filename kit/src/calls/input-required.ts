import {
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
} from '@modelcontextprotocol/server';
import type { Question, Questions } from '../definitions/definitions.js';

// What asking needs of the MCP SDK: most servers never ask, so this file is loaded by the first question.
export { createRequestStateCodec } from '@modelcontextprotocol/server';

/** Asks a client to answer questions and to send `requestState` back with the answers. */
export function inputRequiredResult(
  questions: Questions,
  requestState: string,
): InputRequiredResult {
  const inputRequests = Object.fromEntries(
    Object.entries(questions).map(([key, question]) => [key, requestOf(question)]),
  );
  return inputRequired({ inputRequests, requestState });
}

function requestOf(question: Question): InputRequest {
  if ('roots' in question) return inputRequired.listRoots();
  if ('sample' in question) return inputRequired.createMessage(question.sample);
  return inputRequired.elicit({ message: question.elicit, requestedSchema: question.form });
}
