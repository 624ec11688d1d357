import { expect, test } from 'vitest';
import * as z from 'zod/v4';
import { toResult } from '../../src/calls/tool-calls.js';
import { readSettings } from '../support/app.js';

const Output = z.object({ notes: z.array(z.string()), total: z.number() });
const result = { notes: Array.from({ length: 500 }, () => 'x'.repeat(10)), total: 500 };

const shorten = (env: Record<string, string>, output: z.ZodObject = Output) =>
  toResult(result, output, readSettings({}, env));

test('a result that fits stays as it is', () => {
  expect(shorten({})).toEqual({
    structuredContent: result,
    content: [{ type: 'text', text: JSON.stringify(result) }],
  });
});

test('a list with too many items is cut, and the model is told', () => {
  const { structuredContent, content, _meta } = shorten({ MAX_OUTPUT_ROWS: '20' });
  expect(Output.parse(structuredContent).notes).toHaveLength(20);
  expect(content[0]).toEqual({ type: 'text', text: JSON.stringify(structuredContent) });
  expect(content[1]).toMatchObject({
    text: expect.stringMatching(/^… truncated: 20 of 500 items shown in notes\. Ask for less/),
  });
  expect(_meta).toEqual({ truncated: [{ list: 'notes', shown: 20, total: 500 }] });
});

test('a result with too many bytes is cut between two items', () => {
  const { structuredContent, content } = shorten({ MAX_OUTPUT_BYTES: '1000' });
  expect(
    Buffer.byteLength(content.map((part) => 'text' in part && part.text).join('')),
  ).toBeLessThan(1001);
  expect(Output.parse(structuredContent).notes.length).toBeGreaterThan(50);
});

test('what cannot be cut is refused', () => {
  const whole = Output.extend({ notes: z.array(z.string()).length(500) });
  expect(() => shorten({ MAX_OUTPUT_ROWS: '20' }, whole)).toThrow(
    expect.objectContaining({ code: 'OUTPUT_TOO_LARGE' }),
  );
});

test('content stays as it is, or is refused', () => {
  const image = { type: 'image' as const, data: 'x'.repeat(2_000), mimeType: 'image/png' };
  const config = (env: Record<string, string>) => readSettings({}, env);
  expect(toResult([image], undefined, config({}))).toEqual({ content: [image] });
  const refused = () => toResult([image], undefined, config({ MAX_OUTPUT_BYTES: '1000' }));
  expect(refused).toThrow(expect.objectContaining({ code: 'OUTPUT_TOO_LARGE' }));
});
