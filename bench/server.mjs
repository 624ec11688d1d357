/** A generated server beside bare node:http: cold start and calls per second. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { interleave, median, ratio, time } from './measure.mjs';
import { record } from './report.mjs';

const KEY = 'bench-key-that-is-long-enough-for-any-check';
const STARTS = 11;
const ROUNDS = 5;
const LOAD = { connections: 32, duration: 4 };
const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';

const ENV = {
  PATH: process.env.PATH,
  MCP_API_KEYS: `bench:${KEY}`,
  LOG_LEVEL: 'warn',
  RATE_LIMIT_PER_MINUTE: '1000000000',
  RATE_LIMIT_BURST: '1000000000',
};

const CALL = {
  method: 'POST',
  headers: {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': 'tools/call',
    'mcp-name': 'get_time',
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'get_time',
      arguments: { zone: 'UTC' },
      _meta: {
        [`${META}/protocolVersion`]: VERSION,
        [`${META}/clientInfo`]: { name: 'bench', version: '1.0.0' },
        [`${META}/clientCapabilities`]: {},
      },
    },
  }),
};

/** Records both; makes the server first, in `folder`. */
export async function benchServer(program, folder) {
  const project = join(folder, 'served');
  const flags = ['--starter', 'minimal', '--transport', 'http', '--deploy', 'none'];
  await time('node', [program, project, '--yes', '--no-git', ...flags]);
  const scripts = {
    bare: join(import.meta.dirname, 'bare.mjs'),
    server: join(project, 'dist/http.js'),
  };

  const starts = await interleave(each(scripts, coldStart), STARTS);
  record('cold start to the first answer, bare node:http', median(starts.bare), { unit: ' ms' });
  record('cold start to the first answer, generated', median(starts.server), {
    unit: ' ms',
    note: `${ratio(starts, 'server', 'bare').toFixed(1)} × bare`,
  });

  const rates = await interleave(each(scripts, callsPerSecond), ROUNDS);
  record('calls/s, bare node:http', median(rates.bare));
  record('calls/s of a small tool, generated', median(rates.server), {
    note: `${ratio(rates, 'server', 'bare').toFixed(2)} of bare`,
  });
}

function each(scripts, measure) {
  const entries = Object.entries(scripts);
  return Object.fromEntries(entries.map(([name, script]) => [name, () => measure(script)]));
}

async function coldStart(script) {
  const started = performance.now();
  return withServer(script, async () => performance.now() - started);
}

async function callsPerSecond(script) {
  return withServer(script, async (url) => {
    const { requests, non2xx, errors } = await autocannon({ url, ...CALL, ...LOAD });
    if (non2xx + errors > 0) throw new Error(`${script}: ${non2xx + errors} calls failed.`);
    return requests.average;
  });
}

/** Starts a server, waits for its first good answer, and ends it after `work`. */
async function withServer(script, work) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  const env = { ...ENV, HOST: '127.0.0.1', PORT: String(port) };
  const child = spawn('node', [script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await firstAnswer(url, child);
    return await work(url);
  } finally {
    child.kill();
    await ended;
  }
}

async function firstAnswer(url, child) {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      const response = await fetch(url, CALL);
      const text = await response.text();
      if (response.ok && !text.includes('"error"') && !text.includes('"isError":true')) return;
      throw new Error(`The first call was answered with ${response.status}: ${text}`);
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED') throw error;
      await sleep(2);
    }
  }
  throw new Error(`${url} did not answer within 10 s.`);
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
