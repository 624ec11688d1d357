import type { ContentBlock, PromptMessage, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';

/** Who a server says it is. */
export interface About {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
}

/** Modules of definitions, as `import * as tools from './tools/index.js'` gives them. */
export interface Barrels<Context = never> {
  readonly tools: Readonly<Record<string, Tool<Context>>>;
  readonly resources?: Readonly<Record<string, Resource<Context> | ResourceTemplate<Context>>>;
  readonly prompts?: Readonly<Record<string, Prompt<Context>>>;
}

/** Everything that a server offers. */
export class Definitions {
  /** By name. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly resources: readonly (Resource | ResourceTemplate)[];
  readonly prompts: readonly Prompt[];
  /** Whether something can complete its arguments. */
  readonly offersCompletions: boolean;
  /** Every scope that something needs. */
  readonly scopes: readonly string[];

  constructor({ tools, resources = {}, prompts = {} }: Barrels) {
    this.tools = new Map(Object.values(tools).map((tool) => [tool.name, tool]));
    this.resources = Object.values(resources);
    this.prompts = Object.values(prompts);
    this.offersCompletions = [...this.prompts, ...this.resources].some((one) => 'complete' in one);
    const all = [...this.tools.values(), ...this.resources, ...this.prompts];
    this.scopes = [...new Set(all.flatMap(({ scopes }) => scopes ?? []))];
  }
}

interface ToolBase<Input extends z.ZodObject> {
  /** `^[a-zA-Z0-9_-]{1,64}$`; clients refuse other names. */
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, and what comes back. */
  readonly description: string;
  readonly input: Input;
  readonly annotations: Required<Omit<ToolAnnotations, 'title'>>;
  /** What the caller must be allowed to do. */
  readonly scopes?: readonly string[];
  /** Tighter than the server's defaults. */
  readonly limits?: { readonly perMinute?: number; readonly timeoutMs?: number };
}

/** A tool whose result is data; the model gets it as JSON, too. */
export interface Tool<
  Context = never,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject | undefined = z.ZodObject | undefined,
> extends ToolBase<Input> {
  /** The data that come back. Without it the result is content to be looked at: texts, images, sounds, resources. */
  readonly output?: Output;
  /** @throws {ToolError} with a message for the model; any other error stays inside. */
  run(input: z.output<Input>, ctx: Context): ToolResult<Output> | Promise<ToolResult<Output>>;
}

export type ToolResult<Output> = Output extends z.ZodObject ? z.input<Output> : ContentBlock[];

/** A text, or bytes. */
export type Contents = string | Uint8Array;

interface ResourceBase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly scopes?: readonly string[];
  /** How long clients may keep what they have read. By default not at all. */
  readonly cacheSeconds?: number;
}

/** A resource at a fixed address. */
export interface Resource<Context = never> extends ResourceBase {
  readonly uri: string;
  read(ctx: Context): Contents | Promise<Contents>;
}

/** Resources at every address that fits a URI template (RFC 6570). */
export interface ResourceTemplate<Context = never> extends ResourceBase {
  readonly uriTemplate: string;
  /**
   * The resources that a client can offer for picking, in an order that stays. Without regard to `page` it is everything;
   * what is too much for one answer is cut into pages.
   */
  list?(ctx: Context, page: Page): Listed[] | Promise<Listed[]>;
  /** Suggests values while somebody types a variable. */
  readonly complete?: Readonly<Record<string, Completer<Context>>>;
  /** @throws {ToolError} with the code `NOT_FOUND` when there is nothing at this address. */
  read(variables: Readonly<Record<string, string>>, ctx: Context): Contents | Promise<Contents>;
}

export interface Listed {
  readonly uri: string;
  readonly name: string;
}

/** The part of a list that is wanted. */
export interface Page {
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: string;
}

export interface Prompt<Context = never, Args extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Clients send every argument as a string. */
  readonly args: Args;
  readonly scopes?: readonly string[];
  /** Suggests values while somebody types an argument. */
  readonly complete?: { readonly [Name in keyof z.output<Args>]?: Completer<Context> };
  messages(args: z.output<Args>, ctx: Context): PromptMessage[] | Promise<PromptMessage[]>;
}

/** Suggests values for an argument, the best ones first; at most 100 are shown. */
export type Completer<Context = never> = (
  value: string,
  ctx: Context,
  /** The arguments that are known already. */
  others: Readonly<Record<string, string>>,
) => readonly string[] | Promise<readonly string[]>;
