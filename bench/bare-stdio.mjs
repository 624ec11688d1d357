/** The least that a server on stdio can do: reads JSON lines, gives a fixed answer. */
import { createInterface } from 'node:readline';

const result = { structuredContent: { zone: 'UTC' } };

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line);
  if (id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
});
