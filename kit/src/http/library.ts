import { createMcpHandler } from '@modelcontextprotocol/server';
import type { App } from '../calls/services.js';
import type { Principal } from '../calls/principal.js';
import { createServer, type ServerPart } from '../protocol/server.js';
import { type Answer, fromResponse, type Incoming } from './exchange.js';
import { NEWS, Subscriptions } from './subscriptions.js';
{{> http/protocol-imports}}

/** The protocol library, and what only it can answer. */
export interface Library {
  readonly subscriptions: Subscriptions;
  {{> http/legs-fields}}
  answer(request: Incoming, body: unknown, asked: Asked): Promise<Answer>;
  close(): Promise<void>;
}

/** Who asks, and for what. */
export interface Asked {
  readonly principal: Principal;
  readonly part: ServerPart;
}

export function openLibrary(app: App): Library {
  const { config, log } = app;
  const asked = new WeakMap<Request, Asked>();
  const subscriptions = new Subscriptions(app);
  {{> http/open}}

  const mcp = createMcpHandler(
    ({ requestInfo, era }) => {
      const { principal, part } = known(asked, requestInfo);
      return createServer(app, principal, { ...part, news: era === 'modern' ? NEWS : 'none' });
    },
    {
      maxRequestBodySize: config.MAX_BODY_BYTES,
      onerror: (error) => log.debug({ err: error }, 'request refused by the protocol'),
      {{> http/library-options}}
    },
  );

  {{> http/legs}}

  return {
    subscriptions,
    {{> http/legs-values}}
    async answer(request, body, who) {
      {{> http/leg-answers}}
      const webRequest = request.toRequest();
      asked.set(webRequest, who);
      const response = await mcp.fetch(webRequest, {
        parsedBody: body,
        {{> http/call-options}}
      });
      return fromResponse(response);
    },
    async close() {
      {{> http/legs-close}}
      await mcp.close();
      await subscriptions.close();
    },
  };
}

function known(asked: WeakMap<Request, Asked>, request?: Request): Asked {
  const who = request && asked.get(request);
  if (who === undefined) throw new Error('a request without a principal reached the protocol');
  return who;
}
