import type { SmokeHints } from '../catalog/types.js';
import type { JsonObject } from '../model.js';
import { type CallResult, type Connection, type Prompt, rpcError, type Tool } from './clients.js';
import {
  apiDown,
  type CheckGroup,
  type CheckOutcome,
  oneLine,
  SmokeFailure,
  skipped,
  storeDown,
  unproven,
} from './recorder.js';
import { exampleArguments, member, type SchemaCheck, wrongArguments } from './schema.js';
import { FORBIDDEN, STORE_UNAVAILABLE, UPSTREAM_UNAVAILABLE } from './types.js';
import { fillTemplate, fillText, findValue, matchesTemplate } from './uri-template.js';

export interface PrimitiveOptions {
  readonly hints: SmokeHints;
  readonly check: SchemaCheck;
  /** Someone else's server: only tools with `readOnlyHint` are called. */
  readonly readOnly: boolean;
}

/** What the connected client discovered, for the steps that follow. */
interface Discovery {
  tools: readonly Tool[];
  templates: readonly string[];
  resources: readonly string[];
  prompts: readonly Prompt[];
  /** The tool that was called with success, and its structured result. */
  called: string | null;
  result: unknown;
}

/** Everything that a connected client can prove about a server's tools, resources and prompts. */
export async function checkPrimitives(
  group: CheckGroup,
  connection: Connection,
  options: PrimitiveOptions,
): Promise<void> {
  const found: Discovery = {
    tools: [],
    templates: [],
    resources: [],
    prompts: [],
    called: null,
    result: null,
  };
  for (const prove of [listAll, callTool, readResource, getPrompt, badArgument, cleanUp]) {
    // A server that exited fails once, not five times.
    if (group.exitReason() === null) await prove(group, connection, found, options);
  }
}

async function listAll(group: CheckGroup, connection: Connection, found: Discovery): Promise<void> {
  const list = (
    what: string,
    offered: boolean,
    load: (signal: AbortSignal) => Promise<readonly unknown[]>,
  ) =>
    group.step(`list ${what}`, async (signal) => {
      if (!offered) return skipped('the server has none');
      const items = await orNotProvable(() => load(signal));
      return Array.isArray(items) ? String(items.length) : (items as CheckOutcome);
    });
  await list('tools', connection.offers.tools, async (signal) => {
    found.tools = await connection.tools(signal);
    return found.tools;
  });
  await list('resources', connection.offers.resources, async (signal) => {
    found.resources = (await connection.resources(signal)).map(({ uri }) => uri);
    return found.resources;
  });
  await list('resource templates', connection.offers.resources, async (signal) => {
    const templates = await connection.resourceTemplates(signal).catch((error) => {
      // Optional for servers that have no templates.
      if (rpcError(error)?.code === METHOD_NOT_FOUND) return [];
      throw error;
    });
    found.templates = templates.map(({ uriTemplate }) => uriTemplate);
    return found.templates;
  });
  await list('prompts', connection.offers.prompts, async (signal) => {
    found.prompts = await connection.prompts(signal);
    return found.prompts;
  });
}

const METHOD_NOT_FOUND = -32_601;

interface PlannedCall {
  readonly tool: Tool;
  readonly arguments: JsonObject;
  /** The arguments are generated, so an error of the tool proves nothing. */
  readonly madeUp: boolean;
}

async function callTool(
  group: CheckGroup,
  connection: Connection,
  found: Discovery,
  options: PrimitiveOptions,
): Promise<void> {
  const call = planCall(found.tools, options);
  await group.step(`call ${call?.tool.name ?? 'a tool'}`, async (signal) => {
    if (found.tools.length === 0) return skipped('the server has no tools');
    if (call === null) return unproven(NO_SAFE_TOOL);
    const { tool } = call;
    const result = await connection.callTool(tool, call.arguments, signal);
    if (result.isError) return toolError(result, call.madeUp);
    found.called = tool.name;
    found.result = result.structuredContent;
    return checkStructured(tool, result, options.check);
  });
}

const NO_SAFE_TOOL =
  'no tool is safe to call: none has readOnlyHint, or no arguments can be derived from its schema';

function planCall(tools: readonly Tool[], options: PrimitiveOptions): PlannedCall | null {
  const { hints, check, readOnly } = options;
  const hinted = tools.find(({ name }) => name === hints.call?.tool);
  // The user may have changed the tool since: its arguments are then generated, too.
  if (hinted && hints.call && check(hinted.inputSchema, hints.call.arguments) === null) {
    return { tool: hinted, arguments: hints.call.arguments, madeUp: false };
  }
  for (const tool of callable(tools, readOnly)) {
    const made = exampleArguments(tool.inputSchema, check);
    if (made !== null) return { tool, arguments: made, madeUp: true };
  }
  return null;
}

/** Tools that may be called with generated arguments, read-only ones first. */
function callable(tools: readonly Tool[], readOnly: boolean): Tool[] {
  const harmless = tools.filter((tool) => tool.annotations?.readOnlyHint === true);
  if (readOnly) return harmless;
  const additive = tools.filter(
    (tool) => !harmless.includes(tool) && tool.annotations?.destructiveHint === false,
  );
  return [...harmless, ...additive];
}

function toolError(result: CallResult, madeUp: boolean): CheckOutcome {
  const text = oneLine(textOf(result)) || 'no text';
  const reason = notProvable(errorCode(result), text);
  if (reason !== null) return reason;
  if (madeUp) return unproven(`the tool rejected arguments derived from its schema: ${text}`);
  throw new SmokeFailure(`the tool returned an error: ${text}`);
}

function checkStructured(tool: Tool, result: CallResult, check: SchemaCheck): string {
  if (tool.outputSchema === undefined) return 'no output schema';
  if (result.structuredContent === undefined) {
    throw new SmokeFailure('the tool has an output schema but returned no structuredContent');
  }
  const wrong = check(tool.outputSchema, result.structuredContent);
  if (wrong === null) return 'the result matches its output schema';
  throw new SmokeFailure(
    `structuredContent does not match the tool's output schema: ${oneLine(wrong)}`,
  );
}

async function readResource(
  group: CheckGroup,
  connection: Connection,
  found: Discovery,
  options: PrimitiveOptions,
): Promise<void> {
  let uri: string | null = null;
  await group.step('read a resource', async (signal) => {
    if (!connection.offers.resources) return skipped('the server has none');
    // Again, because the tool that was called may have made one.
    const listed = await orNotProvable(async () =>
      (await connection.resources(signal)).map((resource) => resource.uri),
    );
    if (!Array.isArray(listed)) return listed as CheckOutcome;
    uri = pickResource(listed, found, options.hints);
    if (uri === null && listed.length + found.templates.length === 0) {
      return skipped('the server lists none');
    }
    if (uri === null) return unproven('no resource is listed, and no template could be filled');
    const at: string = uri;
    return orNotProvable(async () => {
      const { contents } = await connection.readResource(at, signal);
      if (contents.length === 0) throw new SmokeFailure(`${at} has no contents`);
      return at;
    });
  });
}

/** The hinted resource when it still exists, else the first that is listed or that a template gives. */
function pickResource(
  listed: readonly string[],
  found: Discovery,
  hints: SmokeHints,
): string | null {
  const hinted = hints.resource === undefined ? null : fillTemplate(hints.resource, found.result);
  const known = (uri: string) =>
    listed.includes(uri) || found.templates.some((template) => matchesTemplate(template, uri));
  if (hinted !== null && known(hinted)) return hinted;
  const filled = found.templates.map((template) => fillTemplate(template, found.result));
  return listed[0] ?? filled.find((uri) => uri !== null) ?? null;
}

async function getPrompt(
  group: CheckGroup,
  connection: Connection,
  found: Discovery,
  { hints }: PrimitiveOptions,
): Promise<void> {
  const hinted = found.prompts.find(({ name }) => name === hints.prompt?.name);
  const prompt = hinted ?? found.prompts[0];
  await group.step(prompt ? `get prompt ${prompt.name}` : 'get a prompt', async (signal) => {
    if (prompt === undefined) return skipped('the server has none');
    const { args, madeUp } = promptArguments(prompt, hinted ? hints.prompt?.arguments : {}, found);
    try {
      return await orNotProvable(async () => {
        const { messages } = await connection.getPrompt(prompt.name, args, signal);
        if (messages.length === 0) throw new SmokeFailure('the prompt has no messages');
        return undefined;
      });
    } catch (error) {
      const refusal = madeUp ? rpcError(error) : null;
      if (refusal === null) throw error;
      return unproven(`the prompt rejected generated arguments: ${oneLine(refusal.message)}`);
    }
  });
}

function promptArguments(
  prompt: Prompt,
  given: Readonly<Record<string, string>> = {},
  found: Discovery,
): { readonly args: Record<string, string>; readonly madeUp: boolean } {
  const args: Record<string, string> = {};
  let madeUp = false;
  for (const { name, required } of prompt.arguments ?? []) {
    // A hint like `{id}` means the value of that name in the tool's result.
    const hint = given[name] === undefined ? null : fillText(given[name], found.result);
    if (hint !== null) args[name] = hint;
    if (hint !== null || required !== true) continue;
    const known = findValue(found.result, name);
    args[name] = known ?? 'example';
    madeUp = true;
  }
  return { args, madeUp };
}

async function badArgument(
  group: CheckGroup,
  connection: Connection,
  found: Discovery,
  options: PrimitiveOptions,
): Promise<void> {
  const bad = planBadCall(found.tools, options);
  const name = bad ? `bad argument to ${bad.tool.name}` : 'bad argument';
  await group.step(name, async (signal) => {
    if (found.tools.length === 0) return skipped('the server has no tools');
    if (bad === null) return skipped('no tool has an argument that can be made invalid');
    const result = await connection.callTool(bad.tool, bad.arguments, signal).catch((error) => {
      const refusal = rpcError(error);
      if (refusal === null) throw error;
      throw new SmokeFailure(
        `an invalid ${bad.field} was rejected with a protocol error (${refusal.code} ${oneLine(refusal.message)}), ` +
          'which the model does not see; expected a result with isError: true',
      );
    });
    return checkRefusal(result, bad.field);
  });
}

function checkRefusal(result: CallResult, field: string): string | CheckOutcome {
  const text = oneLine(textOf(result));
  if (!result.isError) {
    throw new SmokeFailure(
      `an invalid ${field} was accepted; expected a result with isError: true that names it`,
    );
  }
  const reason = notProvable(errorCode(result), text);
  if (reason !== null) return reason;
  if (text.includes(field)) return `isError, names ${field}`;
  throw new SmokeFailure(
    `the error for an invalid ${field} does not name it, so the model cannot correct it: ${text || 'no text'}`,
  );
}

function planBadCall(
  tools: readonly Tool[],
  { hints, check, readOnly }: PrimitiveOptions,
): { readonly tool: Tool; readonly arguments: JsonObject; readonly field: string } | null {
  const hinted = tools.find(({ name }) => name === hints.badCall?.tool);
  if (hinted && hints.badCall && check(hinted.inputSchema, hints.badCall.arguments) !== null) {
    return { ...hints.badCall, tool: hinted };
  }
  const harmless = callable(tools, true);
  const others = readOnly ? [] : tools.filter((tool) => !harmless.includes(tool));
  for (const tool of [...harmless, ...others]) {
    const wrong = wrongArguments(tool.inputSchema, check);
    if (wrong !== null) return { tool, ...wrong };
  }
  return null;
}

/** Undoes the call, because the store persists. No step when there is nothing to undo. */
async function cleanUp(
  group: CheckGroup,
  connection: Connection,
  found: Discovery,
  { hints: { call, cleanup }, check }: PrimitiveOptions,
): Promise<void> {
  const tool = found.tools.find(({ name }) => name === cleanup?.tool);
  if (tool === undefined || cleanup === undefined || found.called !== call?.tool) return;
  const args: Record<string, string> = {};
  for (const [name, text] of Object.entries(cleanup.arguments)) {
    const value = fillText(text, found.result);
    if (value !== null) args[name] = value;
  }
  if (check(tool.inputSchema, args) !== null) return;
  await group.step(`clean up with ${tool.name}`, async (signal) => {
    const result = await connection.callTool(tool, args, signal);
    if (result.isError) return toolError(result, false);
    return checkStructured(tool, result, check);
  });
}

/** Runs a request whose JSON-RPC error may explain why it proves nothing; other errors are thrown. */
async function orNotProvable<T>(run: () => Promise<T>): Promise<T | CheckOutcome> {
  try {
    return await run();
  } catch (error) {
    const refusal = rpcError(error);
    const reason = refusal && notProvable(member(refusal.data, 'code'), oneLine(refusal.message));
    if (reason === null) throw error;
    return reason;
  }
}

/** Error codes that are no fault of the server; null for all others. */
function notProvable(code: unknown, text: string): CheckOutcome | null {
  if (code === STORE_UNAVAILABLE) return storeDown(text);
  if (code === UPSTREAM_UNAVAILABLE) return apiDown(text);
  return code === FORBIDDEN ? unproven(`the key is not authorized for this: ${text}`) : null;
}

function errorCode(result: CallResult): unknown {
  return member(result._meta?.error, 'code');
}

function textOf(result: CallResult): string {
  return result.content
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join(' ')
    .trim();
}
