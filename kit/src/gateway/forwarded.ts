import type {
  CallToolResult,
  ContentBlock,
  Prompt as ListedPrompt,
  Resource as ListedResource,
  PromptMessage,
  ResourceTemplateType,
} from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import {
  type CallContext,
  type Completer,
  ForwardedContents,
  ForwardedResult,
  type Offer,
  type Prompt,
  type Resource,
  type ResourceTemplate,
  type Tool,
  ToolError,
} from '../definitions/definitions.js';
import type { ListedTool } from './lists.js';
import type { Upstream } from './upstream.js';

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
/** How many names a server may use while the gateway runs: each becomes a label of metrics. */
const MAX_NAMES = 2_000;

/** The names that a server has used. */
export class UsedNames {
  readonly #used = new Set<string>();

  allow(name: string): boolean {
    if (this.#used.size >= MAX_NAMES && !this.#used.has(name)) return false;
    this.#used.add(name);
    return true;
  }
}

/**
 * What a server offers, as definitions of this one. Names get its prefix, up to the first `_`; prefixes have none, so that no server
 * can use a name of another. Addresses of resources get it before their scheme: `clock+time://zones`.
 */
export function forwarded(upstream: Upstream, used: UsedNames, log: Logger): Offer {
  const { name: prefix, lists, settings } = upstream;
  const { scopes } = settings;
  const prefixes = [`${prefix}_`, `${prefix}+`];
  const taken = new Set<string>();
  const leftOut: string[] = [];
  const free = (kind: string, name: string, isValid: boolean) => {
    const key = `${kind} ${name}`;
    if (isValid && !taken.has(key) && used.allow(key)) {
      taken.add(key);
      return true;
    }
    leftOut.push(name);
    return false;
  };
  const named = (name: string) => {
    const own = Object.hasOwn(settings.rename, name) ? settings.rename[name] : undefined;
    return `${prefix}_${own ?? name.replaceAll(/[^a-zA-Z0-9_-]/g, '_')}`;
  };
  const {
    tools = [],
    resources = [],
    templates = [],
    prompts = [],
    completions = false,
  } = lists ?? {};
  const offer: Offer = {
    tools: tools.flatMap((listed) => {
      const name = named(listed.tool.name);
      return free('tool', name, TOOL_NAME.test(name)) ? toolOf(name, listed, upstream) : [];
    }),
    resources: [
      ...resources.flatMap((listed) => {
        const uri = `${prefix}+${listed.uri}`;
        const isPlain = URL.canParse(uri) && new URL(uri).href === uri;
        return free('resource', uri, isPlain) ? resourceOf(uri, listed, upstream) : [];
      }),
      ...templates.flatMap((listed) => {
        const uriTemplate = `${prefix}+${listed.uriTemplate}`;
        const isSafe = isSafeTemplate(listed.uriTemplate) && free('template', listed.name, true);
        return free('resource', uriTemplate, isSafe)
          ? templateOf(uriTemplate, listed, upstream, completions)
          : [];
      }),
    ],
    prompts: prompts.flatMap((listed) => {
      const name = named(listed.name);
      return free('prompt', name, TOOL_NAME.test(name))
        ? promptOf(name, listed, upstream, completions)
        : [];
    }),
    prefixes,
    scopes,
    completions,
  };
  if (leftOut.length > 0) {
    const names = leftOut.slice(0, 20).map((name) => name.slice(0, 100));
    log.warn(
      { count: leftOut.length, names },
      'upstream: names that cannot be offered; see rename',
    );
  }
  return offer;
}

/** What a client shows to a human or a model could carry instructions that nobody sees. */
const HIDDEN = /(?![\t\n])\p{Cc}|[\u200b\u202a-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const plain = (text = '') => text.replaceAll(HIDDEN, '');

function toolOf(name: string, { tool }: ListedTool, upstream: Upstream): Tool {
  const { scopes, timeoutMs, callsPerMinute } = upstream.settings;
  const { title, description, inputSchema, outputSchema, annotations = {} } = tool;
  const hints = {
    readOnlyHint: annotations.readOnlyHint ?? false,
    destructiveHint: annotations.destructiveHint ?? true,
    idempotentHint: annotations.idempotentHint ?? false,
    openWorldHint: annotations.openWorldHint ?? true,
  };
  // Only the headers of arguments are made from it; results are checked by whoever called.
  const toolDefinition = { name: tool.name, inputSchema };
  return {
    name,
    title: plain(title ?? annotations.title ?? tool.name),
    description: plain(description ?? ''),
    input: schemaAsSent(inputSchema),
    ...(outputSchema !== undefined && { output: schemaAsSent(outputSchema) }),
    annotations: hints,
    scopes,
    // The upstream's own time ends first, and says who did not answer.
    limits: {
      timeoutMs: timeoutMs + 1_000,
      ...(callsPerMinute !== undefined && { perMinute: callsPerMinute }),
    },
    async run(input: Record<string, unknown>, ctx: CallContext) {
      const result = await upstream.request({
        ctx,
        isSafe: hints.readOnlyHint || hints.idempotentHint,
        send: (client, options) =>
          client.callTool({ name: tool.name, arguments: input }, { ...options, toolDefinition }),
      });
      return new ForwardedResult(resultOf(result as CallToolResult, upstream.name));
    },
  };
}

/**
 * A schema that shows what the server said and checks nothing. The server checks its own arguments; to check them here, too, would
 * run patterns of strangers in this process, and refuse what two readings of JSON Schema disagree about.
 */
function schemaAsSent(json: object): z.ZodObject {
  const schema = z.looseObject({});
  const asSent = () => json as Record<string, unknown>;
  const value = { ...schema['~standard'], jsonSchema: { input: asSent, output: asSent } };
  return Object.create(schema, { '~standard': { value } });
}

/** A result with the addresses that this server has for what it mentions, and without the other one's name for itself. */
function resultOf(
  { content, structuredContent, isError, _meta }: CallToolResult,
  prefix: string,
): CallToolResult {
  const meta = Object.entries(_meta ?? {}).filter(
    ([key]) => !key.startsWith('io.modelcontextprotocol/'),
  );
  return {
    ...(meta.length > 0 && { _meta: Object.fromEntries(meta) }),
    content: content.map((block) => withAddress(block, prefix)),
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError && { isError }),
  };
}

function withAddress(block: ContentBlock, prefix: string): ContentBlock {
  if (block.type === 'resource_link') return { ...block, uri: `${prefix}+${block.uri}` };
  if (block.type !== 'resource') return block;
  return { ...block, resource: { ...block.resource, uri: `${prefix}+${block.resource.uri}` } };
}

async function read(uri: string, upstream: Upstream, ctx: CallContext): Promise<ForwardedContents> {
  const { contents } = await orNotFound(
    upstream.request({
      ctx,
      isSafe: true,
      send: (client, options) =>
        client.request({ method: 'resources/read', params: { uri } }, options),
    }),
  );
  return new ForwardedContents(
    contents.map((one) => ({ ...one, uri: `${upstream.name}+${one.uri}` })),
  );
}

/** A server says -32602 of an address at which there is nothing. */
async function orNotFound<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const isUnknown = error instanceof ToolError && error.code === 'INVALID_INPUT';
    const code = (error as { cause?: { code?: unknown } }).cause?.code;
    if (!isUnknown && code !== -32_002) throw error;
    throw new ToolError('NOT_FOUND', 'There is nothing at this address.', { cause: error });
  }
}

const ANY_TYPE = 'application/octet-stream';

function resourceOf(uri: string, listed: ListedResource, upstream: Upstream): Resource {
  return {
    uri,
    ...described(listed, upstream),
    read: (ctx: CallContext) => read(listed.uri, upstream, ctx),
  };
}

/** What is said here of what an upstream lists. */
function described(
  { name, title, description, mimeType }: ListedResource | ResourceTemplateType,
  upstream: Upstream,
) {
  return {
    name: `${upstream.name}_${name}`,
    title: plain(title ?? name),
    description: plain(description),
    mimeType: mimeType ?? ANY_TYPE,
    scopes: upstream.settings.scopes,
  };
}

/**
 * Whether a template can be matched in linear time: variables `{name}` that end at a `/` or at the end, and `{+name}` at the end alone.
 */
export function isSafeTemplate(uriTemplate: string): boolean {
  if (uriTemplate.length > 500) return false;
  return /^(?:[^{}]|\{[A-Za-z]\w*\}(?=\/|$))*(?:\{\+[A-Za-z]\w*\})?$/.test(uriTemplate);
}

function templateOf(
  uriTemplate: string,
  listed: ResourceTemplateType,
  upstream: Upstream,
  completes: boolean,
): ResourceTemplate {
  const { uriTemplate: theirs } = listed;
  const variables = [...theirs.matchAll(/\{\+?(\w+)\}/g)].map(([, variable = '']) => variable);
  return {
    uriTemplate,
    ...described(listed, upstream),
    ...(completes && {
      complete: completersOf(variables, { type: 'ref/resource', uri: theirs }, upstream),
    }),
    read: (values: Readonly<Record<string, string>>, ctx: CallContext) =>
      read(expand(theirs, values), upstream, ctx),
  };
}

/** The address that a template has with these values. */
function expand(uriTemplate: string, values: Readonly<Record<string, string>>): string {
  return uriTemplate.replaceAll(/\{(\+?)(\w+)\}/g, (_, plus: string, name: string) => {
    const value = values[name] ?? '';
    return plus === '+' ? encodeURI(value) : encodeURIComponent(value);
  });
}

function promptOf(
  name: string,
  { name: theirs, title, description, arguments: listed = [] }: ListedPrompt,
  upstream: Upstream,
  completes: boolean,
): Prompt {
  const known = listed.filter(({ name: argument }) => /^[A-Za-z][\w-]{0,63}$/.test(argument));
  const args = Object.fromEntries(
    known.map(({ name: argument, description: text, required }) => {
      const value = z.string().describe(plain(text));
      return [argument, required ? value : value.optional()];
    }),
  );
  const names = known.map(({ name: argument }) => argument);
  return {
    name,
    title: plain(title ?? theirs),
    description: plain(description),
    args: z.object(args),
    scopes: upstream.settings.scopes,
    ...(completes && {
      complete: completersOf(names, { type: 'ref/prompt', name: theirs }, upstream),
    }),
    async messages(values: Record<string, unknown>, ctx: CallContext): Promise<PromptMessage[]> {
      const params = { name: theirs, arguments: values as Record<string, string> };
      const { messages } = await upstream.request({
        ctx,
        isSafe: true,
        send: (client, options) => client.request({ method: 'prompts/get', params }, options),
      });
      return messages.map((message) => ({
        ...message,
        content: withAddress(message.content, upstream.name),
      }));
    },
  };
}

type Reference = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

function completersOf(
  names: readonly string[],
  ref: Reference,
  upstream: Upstream,
): Record<string, Completer> {
  const completer =
    (name: string): Completer<CallContext> =>
    async (value, ctx, others) => {
      const params = { ref, argument: { name, value }, context: { arguments: { ...others } } };
      const { completion } = await upstream.request({
        ctx,
        isSafe: true,
        send: (client, options) =>
          client.request({ method: 'completion/complete', params }, options),
      });
      return completion.values;
    };
  return Object.fromEntries(names.map((name) => [name, completer(name) as Completer]));
}
