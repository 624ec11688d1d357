import type { McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Principal } from '../calls/principal.js';
import type { Tool } from '../definitions/tool.js';
import { runTool, type ToolOutcome, tools } from '../calls/run-tool.js';
{{> register/imports}}

/** What is asked of the tools. */
export interface Wanted {
  /** The only tool that is called; all when there is none. */
  readonly tool?: string;
  /** What has become of calls that have run already, by their ids. */
  readonly outcomes?: Map<string | number, ToolOutcome>;
}

/** Registers tools of `index.ts`; their calls go through the pipeline. */
export function registerTools(
  server: McpServer,
  services: Services,
  principal: Principal,
  { tool: wanted, outcomes }: Wanted = {},
): void {
  {{> register/access}}
  for (const tool of startingWith(wanted)) {
    const { name, title, description, input, output, annotations } = tool;
    {{> register/tools}}
    const config = {
      title,
      description,
      inputSchema: input,
      ...(output && { outputSchema: output }),
      annotations,
      {{> register/tool-options}}
    };
    server.registerTool(name, config, async (args, { mcpReq }) => {
      const outcome = outcomes?.get(mcpReq.id);
      if (outcome !== undefined) return outcome;
      {{> register/run-tool}}
    });
    if (wanted !== undefined) return;
  }
}

/** The tool of this name first: when it is not there for the caller, it takes a server with some other tool to say so. */
function* startingWith(name: string | undefined): Generator<Tool> {
  const wanted = name === undefined ? undefined : tools.get(name);
  if (wanted !== undefined) yield wanted;
  yield* tools.values();
}
