import type {
  CallToolResult,
  ContentBlock,
  InputRequiredResult,
} from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import {
  type CallContext,
  ForwardedFailure,
  ForwardedResult,
  outputTooLarge,
  type Principal,
  type Tool,
  ToolError,
} from '../definitions/definitions.js';
import type { CallSettings } from '../definitions/settings.js';
import { byteLength, bytesOver } from '../host/host.js';
import { andThen, type Call, type CallRequest, type MaybePromise, orElse } from './call.js';
import { InputRequired } from './client-state.js';
import { runCall } from './run-call.js';
import type { Services } from './services.js';

export type ToolOutcome = CallToolResult | InputRequiredResult;

/**
 * Runs a tool through the pipeline.
 * @param input has been validated.
 * @param run what to do instead of `tool.run`.
 * @returns a result, an error for the model, or what the human has to be asked first.
 */
export function runTool(
  tool: Tool,
  input: Record<string, unknown>,
  services: Services,
  principal: Principal,
  request: CallRequest,
  run: Tool['run'] = tool.run,
): MaybePromise<ToolOutcome> {
  const work = () =>
    runCall<ToolOutcome>(callOf(tool, input), services, principal, request, (ctx) =>
      andThen(run(input, ctx as never), (result) => toResult(result, tool.output, services.config)),
    );
  return orElse(work, (error) => {
    if (error instanceof InputRequired) return error.result;
    if (error instanceof ForwardedFailure) return error.result;
    if (error instanceof ToolError) return toErrorResult(error, input);
    throw error;
  });
}

function callOf({ name, scopes, limits }: Tool, input: unknown): Call {
  const { timeoutMs, perMinute } = limits ?? {};
  return { kind: 'tool', name, input, scopes, timeoutMs, perMinute };
}

/**
 * A tool's result for the client: content as it is, data also as text for models. Its keys are in the order in which the MCP
 * SDK sends them.
 * @throws {ToolError} `OUTPUT_TOO_LARGE`
 */
export function toResult(
  result: Record<string, unknown> | ContentBlock[] | ForwardedResult,
  output: z.ZodObject | undefined,
  config: CallSettings,
): CallToolResult {
  if (result instanceof ForwardedResult) {
    enforceOutputLimits(result.result, { config });
    if (result.result.isError) throw new ForwardedFailure(result.result);
    return result.result;
  }
  if (output === undefined)
    return { content: enforceOutputLimits(result as ContentBlock[], { config }) };
  return toDataResult(result as Record<string, unknown>, output, config);
}

/** Lists that are too long are cut, and a second text says so. */
function toDataResult(
  result: Record<string, unknown>,
  output: z.ZodObject,
  { MAX_OUTPUT_BYTES, MAX_OUTPUT_ROWS }: CallSettings,
): CallToolResult {
  const fitted = fitOutput(result, { maxBytes: MAX_OUTPUT_BYTES, maxRows: MAX_OUTPUT_ROWS });
  const isCut = fitted !== undefined && fitted.cuts.length > 0;
  if (fitted === undefined || (isCut && !output.safeParse(fitted.value).success)) {
    throw outputTooLarge(MAX_OUTPUT_BYTES);
  }
  const { value, text, marker, cuts } = fitted;
  return {
    ...(isCut && { _meta: { truncated: cuts } }),
    content: [text, ...(isCut ? [marker] : [])].map((part) => ({ type: 'text', text: part })),
    structuredContent: value,
  };
}

/** An error for the model. @param input the arguments of the call, if they are known */
export function toErrorResult(
  { message, suggestions, details, text }: ToolError,
  input?: unknown,
): CallToolResult {
  const argument = text === undefined ? undefined : pathOf(text, input);
  const lines = [message, ...(argument ? [`It is the argument ${argument}.`] : []), ...suggestions];
  return {
    _meta: { error: details },
    content: [{ type: 'text', text: lines.join('\n') }],
    isError: true,
  };
}

/** Where a text stands in the arguments of a call: `title`, `items.0.name`. */
function pathOf(text: string, input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  for (const [name, value] of Object.entries(input)) {
    if (value === text) return name;
    const inner = pathOf(text, value);
    if (inner !== undefined) return `${name}.${inner}`;
  }
  return undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export interface OutputLimits {
  /** Of the result as JSON, together with the marker. */
  readonly maxBytes: number;
  /** Of each list. */
  readonly maxRows: number;
}

/** A list that was shortened. */
export interface Truncation {
  readonly list: string;
  readonly shown: number;
  readonly total: number;
}

export interface FittedOutput {
  readonly value: Record<string, unknown>;
  readonly text: string;
  /** Says what is missing; empty when nothing is. */
  readonly marker: string;
  readonly cuts: readonly Truncation[];
}

interface List {
  readonly path: readonly string[];
  readonly all: readonly unknown[];
  shown: number;
}

/**
 * Shortens the lists of a result, and nothing else, until it fits. Items stay whole, and at least one of each list stays.
 * @returns `undefined` when that is not enough.
 */
export function fitOutput(
  result: Record<string, unknown>,
  caps: OutputLimits,
): FittedOutput | undefined {
  const lists = listsOf(result);
  for (const list of lists) list.shown = Math.min(list.all.length, caps.maxRows);
  let fitted = shorten(result, lists);
  for (const list of lists.sort((a, b) => b.all.length - a.all.length)) {
    if (excess(fitted, caps) <= 0) break;
    // The marker grows with the first cut, so that a second look may be needed.
    for (let look = 0; look < 2 && list.shown > 1 && excess(fitted, caps) > 0; look += 1) {
      dropItems(list, excess(fitted, caps));
      fitted = shorten(result, lists);
    }
  }
  return excess(fitted, caps) > 0 ? undefined : fitted;
}

/** The lists in an object and in the objects inside it; not those inside of list items. */
function listsOf(value: Fields, path: readonly string[] = [], found: List[] = []): List[] {
  for (const key of Object.keys(value)) {
    const field = value[key];
    if (Array.isArray(field)) found.push({ path: [...path, key], all: field, shown: field.length });
    else if (isFields(field)) listsOf(field, [...path, key], found);
  }
  return found;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !('toJSON' in value);
}

function shorten(result: Record<string, unknown>, lists: readonly List[]): FittedOutput {
  const short = lists.filter(({ shown, all }) => shown < all.length);
  if (short.length === 0) {
    return { value: result, text: JSON.stringify(result), marker: '', cuts: [] };
  }
  const value = short.reduce<Fields>(withShortList, result);
  const cuts = short.map(({ path, shown, all }) => ({
    list: path.join('.'),
    shown,
    total: all.length,
  }));
  const counts = cuts.map(
    ({ list, shown, total }) => `${shown} of ${total} items shown in ${list}`,
  );
  const marker = `… truncated: ${counts.join(', ')}. Ask for less, for example with a smaller limit or a narrower search.`;
  return { value, text: JSON.stringify(value), marker, cuts };
}

function withShortList(value: Fields, { path: [key = '', ...rest], all, shown }: List): Fields {
  const field = value[key];
  const inner = isFields(field) ? withShortList(field, { path: rest, all, shown }) : {};
  return { ...value, [key]: rest.length === 0 ? all.slice(0, shown) : inner };
}

function excess({ text, marker }: FittedOutput, { maxBytes }: OutputLimits): number {
  return bytesOver(maxBytes, text + marker);
}

/** Drops items from the end until `bytes` are saved or one item is left. */
function dropItems(list: List, bytes: number): void {
  for (let saved = 0; saved < bytes && list.shown > 1; list.shown -= 1) {
    saved += byteLength(JSON.stringify(list.all[list.shown - 1]) ?? 'null') + 1;
  }
}

/**
 * What is sent to the caller as it is.
 * @throws {ToolError} `OUTPUT_TOO_LARGE` when it has more than `MAX_OUTPUT_BYTES` bytes.
 */
export function enforceOutputLimits<T>(output: T, { config }: Pick<CallContext, 'config'>): T {
  const over = bytesOver(config.MAX_OUTPUT_BYTES, JSON.stringify(output));
  if (over > 0) throw outputTooLarge(config.MAX_OUTPUT_BYTES);
  return output;
}
