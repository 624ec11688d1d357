import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod/v4';

const zones = Intl.supportedValuesOf('timeZone');
/** A format takes far longer to make than to use. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** The server `clock` of gateway.yaml: an example of a server behind the gateway. It knows nothing of it. */
function clock(): McpServer {
  const server = new McpServer({ name: 'clock', version: '1.0.0' });

  server.registerTool(
    'now',
    {
      title: 'Current time',
      description: 'Tells the current date and time in a time zone.',
      inputSchema: z.object({
        zone: z.string().min(1).max(64).default('UTC').describe('IANA name, such as Europe/Paris'),
      }),
      outputSchema: z.object({ zone: z.string(), local: z.string(), utc: z.string() }),
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    ({ zone }) => {
      const format = formatOf(zone);
      if (format === undefined) {
        const text = `There is no time zone ${zone}. The resource zones://all lists them.`;
        return { content: [{ type: 'text', text }], isError: true };
      }
      const date = new Date();
      const structuredContent = { zone, local: format.format(date), utc: date.toISOString() };
      const text = JSON.stringify(structuredContent);
      return { content: [{ type: 'text', text }], structuredContent };
    },
  );

  server.registerResource(
    'zones',
    'zones://all',
    { title: 'Time zones', description: 'The names of all time zones.', mimeType: 'text/plain' },
    ({ href: uri }) => ({
      contents: [{ uri, mimeType: 'text/plain', text: zones.join('\n') }],
    }),
  );

  server.registerPrompt(
    'compare',
    {
      title: 'Compare times',
      description: 'Compares the time in several zones.',
      argsSchema: z.object({ zones: z.string().describe('Separated by commas') }),
    },
    ({ zones }) => ({
      messages: [
        {
          role: 'user',
          content: { type: 'text', text: `What time is it in each of these zones: ${zones}?` },
        },
      ],
    }),
  );
  return server;
}

/** The format of a zone, or `undefined` when there is no such zone. */
function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const kept = formats.get(timeZone);
  if (kept !== undefined) return kept;
  try {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    if (formats.size < zones.length) formats.set(timeZone, format);
    return format;
  } catch {
    return undefined;
  }
}

serveStdio(clock);
