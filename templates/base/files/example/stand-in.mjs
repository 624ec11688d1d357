// Serves a stand-in of a remote API on this machine: for tests, for the smoke test, and to develop without the API itself.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Serves an API and prints its address. The port is the first argument of the script; without one, a free port.
 *
 * `POST /_next` has the next answers fail or wait: `{ "status": 503, "headers": {}, "body": {}, "delayMs": 0, "times": 1 }`.
 * `GET /_requests` tells what was asked, `POST /_reset` forgets all of it.
 *
 * @param answer makes of `{ method, url, headers, body }` an answer `{ status, headers, body }`, whose body is bytes or what becomes JSON
 * @param reset puts the data back as they were
 */
export function serve(answer, reset = () => {}) {
  let planned = [];
  let requests = [];
  const controls = {
    async 'POST /_next'({ body: { times = 1, ...next } }) {
      planned.push(...Array.from({ length: times }, () => next));
    },
    async 'GET /_requests'() {
      return { body: requests };
    },
    async 'POST /_reset'() {
      planned = [];
      requests = [];
      reset();
    },
  };

  async function respond(request) {
    const control = controls[`${request.method} ${request.url.pathname}`];
    if (control !== undefined) return (await control(request)) ?? { status: 204 };
    const { method, url, headers, body } = request;
    requests.push({ method, path: url.pathname + url.search, headers, body });
    const next = planned.shift();
    if (next?.delayMs !== undefined) await sleep(next.delayMs);
    return next?.status === undefined ? await answer(request) : next;
  }

  const server = createServer(async (incoming, outgoing) => {
    try {
      const { method, headers } = incoming;
      const url = new URL(incoming.url, 'http://localhost');
      const body = await bodyOf(incoming);
      send(incoming, outgoing, await respond({ method, url, headers, body }));
    } catch (error) {
      send(incoming, outgoing, { status: error.status ?? 500, body: { error: error.message } });
    }
  });
  server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}`);
  });
  // A client that is about to send something must not find its connection just closed.
  server.keepAliveTimeout = 0;
  // Whoever started it for tests has gone.
  process.on('disconnect', () => process.exit());
}

async function bodyOf(incoming) {
  let text = '';
  for await (const part of incoming.setEncoding('utf8')) text += part;
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw Object.assign(new Error('not JSON'), { status: 400 });
  }
}

/** Sends an answer, or says that what the client has is still right. */
function send({ method, headers: asked }, outgoing, { status = 200, headers = {}, body }) {
  if (body === undefined) return outgoing.writeHead(status, headers).end();
  const text = body instanceof Uint8Array ? body : JSON.stringify(body);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 20)}"`;
  if (method === 'GET' && status === 200) outgoing.setHeader('etag', etag);
  if (method === 'GET' && status === 200 && asked['if-none-match'] === etag) {
    return outgoing.writeHead(304, headers).end();
  }
  outgoing.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  outgoing.end(text);
}
