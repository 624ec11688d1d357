import { runTool } from '../calls/run-tool.js';
import type { Tool } from '../definitions/tool.js';
import type { Offer } from './offer.js';

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
