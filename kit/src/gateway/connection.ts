import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Logger } from 'pino';
import type { ServerInfo } from '../definitions/definitions.js';
import type { UpstreamSettings } from './gateway-file.js';

/** Which of its lists a server says has changed. */
export type ChangedList = 'tools' | 'resources' | 'prompts';

/** What happens on a connection. */
export interface ConnectionEvents {
  changed(list: ChangedList): void;
  updated(uri: string): void;
  closed(): void;
}

export interface ConnectionOptions {
  readonly about: ServerInfo;
  readonly settings: UpstreamSettings;
  /** The address of a server over HTTP; without it `command` is started. */
  readonly url: string | undefined;
  /** Where `command` runs. */
  readonly folder: string;
  /** How large one message may be, in bytes. */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** How many bytes of its stderr a server may put on one line of our log, and how many lines each second. */
const MAX_LOG_LINE = 2_000;
const MAX_LOG_LINES = 20;

/**
 * Connects to one instance of a server. The client has no capabilities: a server behind the gateway cannot ask for the caller's
 * human, model or files. It sends what `gateway.yaml` says, and nothing of the caller.
 * @throws when there is no connection in time
 */
export async function connectTo(options: ConnectionOptions, events: ConnectionEvents) {
  const { about, settings, log } = options;
  const { protocol, connectTimeoutMs } = settings;
  const onChanged = (list: ChangedList) => ({
    autoRefresh: false,
    debounceMs: 0,
    onChanged: () => events.changed(list),
  });
  const clientOptions: ClientOptions = {
    capabilities: {},
    versionNegotiation: {
      mode: protocol === 'auto' ? 'auto' : protocol === '2025-11-25' ? 'legacy' : { pin: protocol },
      probe: { timeoutMs: connectTimeoutMs },
    },
    listChanged: {
      tools: onChanged('tools'),
      resources: onChanged('resources'),
      prompts: onChanged('prompts'),
    },
  };
  const client = new Client({ name: about.name, version: about.version }, clientOptions);
  client.onerror = (error) => log.debug({ err: error }, 'upstream: protocol error');
  client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
    events.updated(params.uri),
  );
  const transport = transportFor(options);
  try {
    await client.connect(transport, { timeout: connectTimeoutMs });
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  }
  const { onclose } = client;
  client.onclose = () => {
    onclose?.();
    events.closed();
  };
  return client;
}

function transportFor({ settings, url, folder, maxBytes, log }: ConnectionOptions): Transport {
  const { command = '', args, env, headers } = settings;
  if (url !== undefined) {
    return new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers, redirect: 'error' },
      fetch: boundedFetch(maxBytes),
      // The gateway itself connects again, with pauses that grow.
      reconnectionOptions: {
        maxRetries: 0,
        initialReconnectionDelay: 1_000,
        maxReconnectionDelay: 1_000,
        reconnectionDelayGrowFactor: 1,
      },
    });
  }
  const transport = new StdioClientTransport({
    command,
    args,
    env,
    cwd: folder,
    stderr: 'pipe',
    maxBufferSize: maxBytes,
  });
  logLines(transport, log);
  return transport;
}

/** A server's stderr becomes lines of our log, so many each second at most. */
function logLines({ stderr }: StdioClientTransport, log: Logger): void {
  let second = 0;
  let lines = 0;
  stderr?.on('data', (chunk: Uint8Array) => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, lines] = [now, 0];
    for (const line of chunk.toString().split('\n')) {
      if (line.trim() === '' || lines >= MAX_LOG_LINES) continue;
      lines += 1;
      log.info({ line: line.slice(0, MAX_LOG_LINE) }, 'upstream stderr');
    }
  });
}

/**
 * `fetch` whose answers break off after `maxBytes`. Streams of events go on as long as they do, and their parser keeps one event
 * at most: there the bound counts from one empty line to the next.
 */
function boundedFetch(maxBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { body, headers } = response;
    if (body === null) return response;
    const isStream = headers.get('content-type')?.includes('text/event-stream') ?? false;
    const length = Number(headers.get('content-length'));
    // What says its length, and is small, is read as it comes.
    if (!isStream && headers.has('content-length') && length <= maxBytes) return response;
    let bytes = 0;
    const bound = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const end = isStream ? chunk.lastIndexOf(NEWLINE) : -1;
        const isEnd = end > 0 && chunk[end - 1] === NEWLINE;
        bytes = isEnd ? chunk.length - end : bytes + chunk.length;
        if (bytes > maxBytes) controller.error(new AnswerTooLarge(maxBytes));
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText } = response;
    return new Response(body.pipeThrough(bound), { status, statusText, headers });
  };
}

const NEWLINE = 10;

/** A server has sent more than it may. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';

  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
  }
}
