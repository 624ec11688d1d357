/** The least that a server can do: reads a JSON body, gives a fixed answer. */
import { createServer } from 'node:http';

const answer = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  result: {
    content: [{ type: 'text', text: '{"zone":"UTC"}' }],
    structuredContent: { zone: 'UTC' },
  },
});

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer);
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
