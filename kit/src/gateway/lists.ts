import { createHash } from 'node:crypto';
import type {
  Client,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { includes, type UpstreamSettings } from './gateway-file.js';

/** What one server may offer. What is more is left out, and the log says so. */
const MAX_PAGES = 64;
const MAX_ITEMS = { tools: 500, resources: 2_000, templates: 200, prompts: 200 } as const;
/** The JSON of one definition, and of all of one list, in characters. */
const MAX_DEFINITION = 64_000;
const MAX_LIST = 4_000_000;

/** A tool, and the hash of its definition. */
export interface ListedTool {
  readonly tool: Tool;
  readonly hash: string;
}

/** What a server offers. */
export interface UpstreamLists {
  readonly tools: readonly ListedTool[];
  readonly resources: readonly Resource[];
  readonly templates: readonly ResourceTemplateType[];
  readonly prompts: readonly Prompt[];
  readonly completions: boolean;
  /** The same for the same lists. */
  readonly fingerprint: string;
}

interface ListOptions {
  readonly settings: UpstreamSettings;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Reads all lists of a server, as many pages and items as are allowed, without what `gateway.yaml` leaves out.
 * @throws when it does not answer, or not as it should
 */
export async function readLists(client: Client, options: ListOptions): Promise<UpstreamLists> {
  const { settings, signal, log } = options;
  const offers = client.getServerCapabilities() ?? {};
  const send = { signal, timeout: settings.timeoutMs };
  const page = (cursor: string | undefined) => (cursor === undefined ? {} : { params: { cursor } });
  const tools =
    offers.tools === undefined
      ? []
      : await allPages('tools', log, async (cursor) => {
          const listed = await client.request({ method: 'tools/list', ...page(cursor) }, send);
          return [listed.tools, listed.nextCursor];
        });
  const wantsResources = settings.resources && offers.resources !== undefined;
  const resources = !wantsResources
    ? []
    : await allPages('resources', log, async (cursor) => {
        const listed = await client.request({ method: 'resources/list', ...page(cursor) }, send);
        return [listed.resources, listed.nextCursor];
      });
  const templates = !wantsResources
    ? []
    : await allPages('templates', log, async (cursor) => {
        const method = 'resources/templates/list';
        const listed = await client.request({ method, ...page(cursor) }, send);
        return [listed.resourceTemplates, listed.nextCursor];
      }).catch((error: unknown) => {
        // Optional for servers that have none.
        if ((error as { code?: unknown }).code === METHOD_NOT_FOUND) return [];
        throw error;
      });
  const prompts =
    !settings.prompts || offers.prompts === undefined
      ? []
      : await allPages('prompts', log, async (cursor) => {
          const listed = await client.request({ method: 'prompts/list', ...page(cursor) }, send);
          return [listed.prompts, listed.nextCursor];
        });
  const lists = {
    tools: wantedTools(tools, options),
    resources,
    templates,
    prompts,
    completions: offers.completions !== undefined,
  };
  return { ...lists, fingerprint: hashOf(lists) };
}

const METHOD_NOT_FOUND = -32_601;

async function allPages<T>(
  what: keyof typeof MAX_ITEMS,
  log: Logger,
  read: (cursor: string | undefined) => Promise<readonly [readonly T[], string | undefined]>,
): Promise<T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let characters = 0;
  let leftOut = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const [items, next] = await read(cursor);
    for (const item of items) {
      const { length } = JSON.stringify(item);
      const fits =
        length <= MAX_DEFINITION && characters + length <= MAX_LIST && all.length < MAX_ITEMS[what];
      if (!fits) {
        leftOut += 1;
        continue;
      }
      characters += length;
      all.push(item);
    }
    cursor = next;
    // A cursor that comes again would go round for ever.
    if (cursor === undefined || seen.has(cursor) || all.length >= MAX_ITEMS[what]) break;
    seen.add(cursor);
  }
  if (leftOut > 0 || cursor !== undefined) {
    log.warn({ list: what, kept: all.length, leftOut }, 'upstream: a list is too long and was cut');
  }
  return all;
}

/** The tools that `gateway.yaml` lets through: allowed by name, and as they were when they were pinned. */
function wantedTools(tools: readonly Tool[], { settings, log }: ListOptions): ListedTool[] {
  const { tools: allowed, deniedTools, pins } = settings;
  return tools
    .filter(({ name }) => includes(allowed, name) && !includes(deniedTools, name))
    .map((tool) => ({ tool, hash: definitionHash(tool) }))
    .filter(({ tool: { name }, hash }) => {
      if (pins === undefined) return true;
      const pin = Object.hasOwn(pins, name) ? pins[name] : undefined;
      if (pin === hash) return true;
      const reason = pin === undefined ? 'is not pinned' : 'has changed since it was pinned';
      log.warn({ tool: name, hash, pin }, `upstream: a tool is withheld: its definition ${reason}`);
      return false;
    });
}

/** The hash of everything that a model reads of a tool, for `pins`. */
export function definitionHash(tool: Tool): string {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const all = { name, title, description, inputSchema, outputSchema, annotations };
  return `sha256-${hashOf(all)}`;
}

function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value, sortedKeys) ?? '')
    .digest('base64url');
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
