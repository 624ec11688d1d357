/**
 * `npm run demo`: creates a server with the defaults in demo/ (which git ignores) and tests it with real clients.
 * An earlier demo is replaced; any other folder of that name is kept.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'demo');
const program = join(root, 'bin', 'create-mcp-server.js');

if (existsSync(join(target, '.mcp-gen.json'))) rmSync(target, { recursive: true });

// Inside of our repository the program makes none. The demo gets one, because our .gitignore would hide it from its own tools.
const { status } = spawnSync(process.execPath, [program, 'demo', '--yes', '--no-git'], {
  cwd: root,
  stdio: 'inherit',
});
if (existsSync(target)) spawnSync('git', ['init', '--quiet'], { cwd: target, stdio: 'inherit' });
process.exitCode = status ?? 1;
