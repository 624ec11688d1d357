// Makes and lists API keys; see the usage below. `create` writes a file only with --file, and then only the key's hash.
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `Usage:
  keys create <name> [--scope <scope>]… [--role <role>]… [--expires 2027-01-31] [--file api-keys.txt]
  keys list [--file api-keys.txt]        without --file: what MCP_API_KEYS_FILE or MCP_API_KEYS says`;

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

const RULES = [
  ['name', /^[\w.-]{1,64}$/],
  ['scope', /^[!#-+\--<>-[\]-~]+$/],
  ['role', /^[^\s,=]+$/],
  ['expires', /^\d{4}-\d\d-\d\d$/],
];

function create({ name, scope = [], role = [], expires, file }) {
  const given = { name, scope, role, expires: expires ?? [] };
  for (const [what, rule] of RULES) {
    const wrong = [given[what]].flat().find((value) => !rule.test(value));
    if (wrong !== undefined) throw new Error(`The ${what} "${wrong}" is not possible.`);
  }
  if (expires && !isComingDay(expires)) throw new Error(`${expires} is no day to come.`);
  const key = randomBytes(32).toString('base64url');
  const rights = [...scope, ...role.map((one) => `role=${one}`)];
  if (rights.length === 0) rights.push('*');
  if (expires) rights.push(`expires=${expires}`);
  const line = `${name}:sha256:${createHash('sha256').update(key).digest('hex')}:${rights.join(' ')}`;

  console.log(`The key, shown only now; give it to ${name}:\n\n  ${key}\n`);
  if (!file) return console.log(`What MCP_API_KEYS needs, after a comma:\n\n  ${line}\n`);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  appendFileSync(file, `${gap}${line}\n`, { mode: 0o600 });
  console.log(`Its hash is in ${file}.`);
}

/** Whether it is in the calendar, and not over (UTC). */
function isComingDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
  return isDay && day.getTime() + 86_400_000 > Date.now();
}

function list(text) {
  for (const entry of text.replaceAll(/^\s*#.*$/gm, '').split(/[,\n]/)) {
    const [name, ...rest] = entry.trim().split(':');
    if (!name) continue;
    const rights = rest.slice(/^sha256$/i.test(rest[0] ?? '') ? 2 : 1).join(':');
    console.log(`${name.padEnd(24)} ${rights || '*'}`);
  }
}

function currentKeys(file) {
  const envFile = join(PROJECT, '.env');
  if (existsSync(envFile)) process.loadEnvFile(envFile);
  const { MCP_API_KEYS_FILE, MCP_API_KEYS = '' } = process.env;
  if (file) return readFileSync(file, 'utf8');
  // As the server reads it: relative to the project.
  return MCP_API_KEYS_FILE
    ? readFileSync(resolve(PROJECT, MCP_API_KEYS_FILE), 'utf8')
    : MCP_API_KEYS;
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scope: { type: 'string', multiple: true },
      role: { type: 'string', multiple: true },
      expires: { type: 'string' },
      file: { type: 'string' },
    },
  });
  const [command, name] = positionals;
  if (command === 'create' && name) create({ name, ...values });
  else if (command === 'list') list(currentKeys(values.file));
  else throw new Error(USAGE);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
