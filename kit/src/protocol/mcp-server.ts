import { McpServer } from '@modelcontextprotocol/server';
import { InputRequired } from '../calls/ask.js';
import { runCall } from '../calls/run-call.js';
import type { Services } from '../calls/services.js';
import { enforceOutputLimits, runTool } from '../calls/tool-calls.js';
import type { Tool } from '../definitions/definitions.js';
import type { Principal } from '../definitions/principal.js';
import { Completions, complete } from './completions.js';
import { type ChangeCapabilities, cacheHints, type Offer, type ServerScope } from './offer.js';
import { asProtocolError } from './protocol-error.js';
import { registerResources } from './resources.js';

/** What clients of this server can hear of: the lists change with the policy, everything else stays what it is. */
export function changeCapabilities({ policy }: Services): ChangeCapabilities {
  return policy.isLive ? 'everything' : 'resources';
}

/** An MCP server for one caller. Everything costly lives in `services` and at module scope. */
export function createMcpServer(
  services: Services,
  principal: Principal,
  scope: ServerScope = {},
): McpServer {
  const { about, definitions, policy, callStates } = services;
  const { method, changes = 'none' } = scope;
  const server = new McpServer(about, {
    capabilities: capabilities(changes, definitions.offersCompletions),
    cacheHints: cacheHints(policy),
    requestState: { verify: (text, sdk) => callStates.verify(text, sdk) },
    ...(services.instructions !== undefined && { instructions: services.instructions }),
  });
  const has = (...kinds: string[]) =>
    method === undefined || kinds.some((kind) => method.startsWith(kind));
  const completions = new Completions();
  const offer = { server, services, principal, completions, scope };
  if (has('tools/')) registerTools(offer);
  if (has('resources/', 'completion/')) registerResources(offer);
  if (has('prompts/', 'completion/')) registerPrompts(offer);
  if (definitions.offersCompletions && has('completion/')) completions.register(server);
  return server;
}

/** What the server says it can do, of which telling changes depends on the connection. */
function capabilities(changes: ChangeCapabilities, offersCompletions: boolean) {
  const listChanged = changes === 'everything';
  const subscribe = changes !== 'none';
  return {
    tools: { listChanged },
    resources: { listChanged: subscribe, subscribe },
    prompts: { listChanged },
    logging: {},
    ...(offersCompletions && { completions: {} }),
  };
}

/** Registers the tools that the caller may see; their calls go through the pipeline. */
export function registerTools({ server, services, principal, scope }: Offer): void {
  const { tool: wanted, outcomes, stepUp } = scope;
  const access = services.policy.accessOf(principal);
  for (const tool of startingWith(wanted, services.definitions.tools)) {
    const { name, title, description, input, output, annotations } = tool;
    if (!access.allows('tool', name)) continue;
    const config = {
      title,
      description,
      inputSchema: input,
      ...(output && { outputSchema: output }),
      annotations,
      ...(tool.scopes && stepUp && { scopeChallenge: stepUp(tool.scopes, principal) }),
    };
    server.registerTool(name, config, async (args, { mcpReq }) => {
      const outcome = outcomes?.get(mcpReq.id);
      if (outcome !== undefined) return outcome;
      // Asked at the call: over stdio this server lives on while the policy changes.
      const { policy } = services;
      const request = { mcpReq, server };
      if (!policy.accessOf(principal).needsApproval(name) || policy.approvals === undefined) {
        return await runTool(tool, args, services, principal, request);
      }
      const { approvals } = policy;
      return await runTool(tool, args, services, principal, request, (input, ctx) =>
        approvals.run({ tool: name, args, principal, request }, () => tool.run(input, ctx)),
      );
    });
    if (wanted !== undefined) return;
  }
}

/** The tool of this name first: when it is not there for the caller, it takes a server with some other tool to say so. */
function* startingWith(
  name: string | undefined,
  tools: ReadonlyMap<string, Tool>,
): Generator<Tool> {
  const wanted = name === undefined ? undefined : tools.get(name);
  if (wanted !== undefined) yield wanted;
  yield* tools.values();
}

/** Registers the prompts that the caller may see; they go through the pipeline. */
export function registerPrompts(offer: Offer): void {
  const { server, services, principal, completions, scope } = offer;
  const access = services.policy.accessOf(principal);
  for (const prompt of services.definitions.prompts) {
    const { name, title, description, args: argsSchema, scopes, complete: completers } = prompt;
    if (!access.allows('prompt', name)) continue;
    const call = { kind: 'prompt', name, ...(scopes && { scopes }) } as const;
    const config = {
      title,
      description,
      argsSchema,
      ...(scopes && scope.stepUp && { scopeChallenge: scope.stepUp(scopes, principal) }),
    };
    server.registerPrompt(name, config, async (args, { mcpReq }) => {
      try {
        const audited = { ...call, input: args };
        const work = runCall(audited, services, principal, { mcpReq, server }, async (ctx) =>
          enforceOutputLimits(await prompt.messages(args, ctx as never), ctx),
        );
        return { description, messages: await work };
      } catch (error) {
        if (error instanceof InputRequired) return error.result;
        throw asProtocolError(error);
      }
    });
    if (completers === undefined) continue;
    completions.add('ref/prompt', name, (completion, { mcpReq }) =>
      runCall({ ...call, isCompletion: true }, services, principal, { mcpReq, server }, (ctx) =>
        complete(completers, completion, ctx),
      ),
    );
  }
}
