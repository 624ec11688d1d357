import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { ToolError } from '../../src/definitions/definitions.js';
import { forCaller, unavailable } from '../../src/store/store.js';

const DRIVERS = new Error('57P01 terminating connection');

function openLog() {
  const log = pino({ level: 'silent' });
  return { log, error: vi.spyOn(log, 'error') };
}

describe('of an error, a caller learns', () => {
  test('why the operation was given up, whatever the driver makes of that', () => {
    const { log, error } = openLog();
    const reason = new Error('The client has gone.');
    const told = forCaller(DRIVERS, AbortSignal.abort(reason), log, unavailable);
    expect(told).toBe(reason);
    expect(error).not.toHaveBeenCalled();
  });

  test('that the store cannot be used, and the log learns what the driver said', () => {
    const { log, error } = openLog();
    const told = forCaller(DRIVERS, undefined, log, unavailable);
    expect(told).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: DRIVERS });
    expect(error).toHaveBeenCalledWith({ err: DRIVERS }, (told as ToolError).message);
  });

  test('what was said in words for callers already, which is no matter for the log', () => {
    const { log, error } = openLog();
    const conflict = new ToolError('CONFLICT', 'It was changed.');
    expect(forCaller(conflict, undefined, log, unavailable)).toBe(conflict);
    expect(error).not.toHaveBeenCalled();
  });

  test('nothing of one that the store does not know: it is thrown as it is', () => {
    const { log } = openLog();
    expect(forCaller(DRIVERS, undefined, log, () => undefined)).toBe(DRIVERS);
  });
});
