import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test, vi } from 'vitest';
import { ConfigError, loadConfig, variables } from '../../src/host/node/settings.js';
import { PROJECT } from '../../src/host/node/project.js';
import { requiredEnv } from '../support/env.js';

test('the documented defaults are the real ones', () => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const documented = parseEnv(example.replace(/^# ?(?=[A-Z_]+=)/gm, ''));
  expect(Object.keys(documented).sort()).toEqual([...variables].sort());
  expect(loadConfig({ ...documented, ...requiredEnv })).toEqual(loadConfig(requiredEnv));
});

test('every problem is named at once', () => {
  const load = () => loadConfig({ ...requiredEnv, LOG_LEVEL: 'loud', TOOL_TIMEOUT_MS: '-1' });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/LOG_LEVEL: .*\n.*TOOL_TIMEOUT_MS: /);
});

test('a value can come from a file, but not from both', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'level');
  writeFileSync(file, 'debug\n');
  expect(loadConfig({ ...requiredEnv, LOG_LEVEL_FILE: file }).LOG_LEVEL).toBe('debug');
  const both = { ...requiredEnv, LOG_LEVEL_FILE: file, LOG_LEVEL: 'info' };
  expect(() => loadConfig(both)).toThrow('set LOG_LEVEL or LOG_LEVEL_FILE, not both');
});

test('paths are relative to the project, not to where the process was started', () => {
  vi.spyOn(process, 'cwd').mockReturnValue(tmpdir());
  const { AUDIT_LOG_PATH } = loadConfig({ ...requiredEnv, AUDIT_LOG_PATH: 'logs/audit.jsonl' });
  expect(AUDIT_LOG_PATH).toBe(join(PROJECT, 'logs/audit.jsonl'));
  const elsewhere = join(tmpdir(), 'audit.jsonl');
  expect(loadConfig({ ...requiredEnv, AUDIT_LOG_PATH: elsewhere }).AUDIT_LOG_PATH).toBe(elsewhere);
});
