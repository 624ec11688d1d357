import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ConfigError, callSettings } from '../../src/definitions/settings.js';
import { PROJECT } from '../../src/host/node/project.js';
import { type Env, loadSettings } from '../../src/host/node/settings.js';
import { auditSettings } from '../../src/telemetry/audit.js';
import { newFolder } from '../support/folder.js';

const load = (env: Env) => loadSettings({ ...callSettings, ...auditSettings }, env);

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

test('paths are relative to the project, not to where the process was started', () => {
  vi.spyOn(process, 'cwd').mockReturnValue(tmpdir());
  const { AUDIT_LOG_PATH } = load({ AUDIT_LOG_PATH: 'logs/audit.jsonl' });
  expect(AUDIT_LOG_PATH).toBe(join(PROJECT, 'logs/audit.jsonl'));
  const elsewhere = join(tmpdir(), 'audit.jsonl');
  expect(load({ AUDIT_LOG_PATH: elsewhere }).AUDIT_LOG_PATH).toBe(elsewhere);
});
