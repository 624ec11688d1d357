import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ConfigError, callSettings } from '../../src/definitions/settings.js';
import { type Env, loadSettings } from '../../src/host/host.js';
import { files } from '../../src/host/node/host.js';
import { PROJECT } from '../../src/host/node/project.js';
import { auditSettings } from '../../src/telemetry/audit.js';
import { newFolder } from '../support/folder.js';

const load = (env: Env) => loadSettings({ ...callSettings, ...auditSettings }, env, [], files);

test('every problem is named at once', () => {
  const start = () => load({ LOG_LEVEL: 'loud', TOOL_TIMEOUT_MS: '-1' });
  expect(start).toThrow(ConfigError);
  expect(start).toThrow(/LOG_LEVEL: .*\n.*TOOL_TIMEOUT_MS: /);
});

test('a value can come from a file, but not from both', () => {
  const file = join(newFolder('config'), 'level');
  writeFileSync(file, 'debug\n');
  expect(load({ LOG_LEVEL_FILE: file }).LOG_LEVEL).toBe('debug');
  const both = { LOG_LEVEL_FILE: file, LOG_LEVEL: 'info' };
  expect(() => load(both)).toThrow('set LOG_LEVEL or LOG_LEVEL_FILE, not both');
});

test('where there are no files, a setting that names one is a mistake', () => {
  const start = () => loadSettings(callSettings, { LOG_LEVEL_FILE: 'level' });
  expect(start).toThrow('LOG_LEVEL_FILE: the file cannot be read');
});

test('paths are relative to the project, not to where the process was started', () => {
  vi.spyOn(process, 'cwd').mockReturnValue(tmpdir());
  expect(files.resolve('logs/audit.jsonl')).toBe(join(PROJECT, 'logs/audit.jsonl'));
  const elsewhere = join(tmpdir(), 'audit.jsonl');
  expect(files.resolve(elsewhere)).toBe(elsewhere);
});
