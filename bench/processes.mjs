/** Servers as child processes, each until its first good answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY, modern } from './requests.mjs';

const ENV = {
  PATH: process.env.PATH,
  MCP_API_KEYS: `bench:${KEY}`,
  LOG_LEVEL: 'warn',
  RATE_LIMIT_PER_MINUTE: '1000000000',
  RATE_LIMIT_BURST: '1000000000',
};
/** A call of the tool that all measured servers have. */
const CALL = modern('tools/call', { name: 'echo', arguments: { text: 'hello' } });

/**
 * Starts an HTTP server with the program `node`, waits for its good answers to `call`, which may be several, one after the other, and
 * ends it after `work`, which gets its `url`, its `pid`, and the milliseconds until the last of them.
 */
export async function withHttp(node, script, { call = CALL, env: more }, work) {
  const port = await freePort();
  const env = { ...ENV, HOST: '127.0.0.1', PORT: String(port), ...more };
  const started = performance.now();
  const child = spawn(node, [script], { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    const [first, ...others] = [call].flat();
    await firstAnswer(port, first, child);
    for (const other of others) expectGood(await send(port, other), other);
    const ms = performance.now() - started;
    return await work({ url: `http://127.0.0.1:${port}/mcp`, pid: child.pid, ms });
  } finally {
    child.kill();
    await ended;
  }
}

/** The same for a server on stdio; `url` is absent. */
export async function withStdio(node, script, { call = CALL, env: more }, work) {
  const started = performance.now();
  const env = { ...ENV, ...more };
  const child = spawn(node, [script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  try {
    child.stdout.setEncoding('utf8');
    for (const one of [call].flat()) {
      child.stdin.write(`${one.body}\n`);
      if (isNotification(one)) continue;
      let text = '';
      for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
        text += chunk;
        if (text.endsWith('\n')) break;
      }
      expectGood(text, one);
    }
    const ms = performance.now() - started;
    return await work({ pid: child.pid, ms });
  } finally {
    child.stdin.end();
    await ended;
  }
}

async function firstAnswer(port, call, child) {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      return expectGood(await send(port, call), call);
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      await sleep(1);
    }
  }
  throw new Error(`Nothing answered at port ${port} within 10 s.`);
}

function send(port, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/mcp', method, headers, agent: false };
    const sent = request(options, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve(text);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function isNotification({ body }) {
  return JSON.parse(body).id === undefined;
}

/** Nobody answers a notification. */
function expectGood(text, call) {
  if (isNotification(call)) return;
  if (!text.includes('"result"') || text.includes('"isError":true')) {
    throw new Error(`The first call was answered with ${text}`);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
