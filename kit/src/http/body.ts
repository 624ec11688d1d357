import { toBytes } from '../host/host.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { refuse } from './exchange.js';

type ReadJson = { readonly body: unknown } | { readonly refusal: HttpResponse };

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const MAX_DEPTH = 64;
const MAX_BATCH = 50;

/**
 * Reads a JSON body of at most `maxBytes` bytes; stops reading as soon as it is longer.
 * @param onRead is called when there is nothing more to read
 */
export async function readJson(
  request: HttpRequest,
  maxBytes: number,
  onRead: () => void,
): Promise<ReadJson> {
  const tooLarge = () => ({ refusal: refuse(413, `The body may have ${maxBytes} bytes.`) });
  try {
    if (Number(request.headers.get('content-length')) > maxBytes) return tooLarge();
    const bytes = await request.read(maxBytes);
    return bytes === undefined ? tooLarge() : parse(bytes);
  } catch {
    return refused('The body is not valid JSON.', PARSE_ERROR);
  } finally {
    onRead();
  }
}

/** @throws when the bytes are not JSON. */
function parse(bytes: Uint8Array): ReadJson {
  if (isTooDeep(bytes, MAX_DEPTH)) {
    return refused(`The body is nested more than ${MAX_DEPTH} levels deep.`, PARSE_ERROR);
  }
  const text = textOf(bytes);
  if (text === undefined) return refused('The body is not UTF-8.', PARSE_ERROR);
  const body: unknown = JSON.parse(text);
  const problem = Array.isArray(body) ? batchProblem(body) : undefined;
  return problem === undefined ? { body } : refused(problem, INVALID_REQUEST);
}

/** A byte order mark stays: JSON has none. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `undefined` when the bytes are not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Answers of a batch are told apart by their ids. */
function batchProblem(batch: readonly ({ id?: unknown } | null)[]): string | undefined {
  if (batch.length > MAX_BATCH) return `A batch may have ${MAX_BATCH} messages.`;
  const ids = batch.flatMap((message) => JSON.stringify(message?.id) ?? []);
  return new Set(ids).size < ids.length ? 'Two messages of the batch have the same id.' : undefined;
}

function refused(message: string, code: number): ReadJson {
  return { refusal: refuse(400, message, undefined, code) };
}

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = toBytes('"\\[]{}');

/** Whether JSON is nested more than `maxDepth` levels deep, found without parsing it. */
export function isTooDeep(json: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}
