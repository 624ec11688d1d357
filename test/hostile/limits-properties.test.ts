/** Properties of the guards, as they are in a generated server. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limitsProject } from '../support/limits-project.js';
import { modulesOf } from '../support/server.js';

interface Bucket {
  readonly key: string;
  readonly perMinute: number;
  readonly burst: number;
}

interface Modules {
  readonly TokenBuckets: new () => { take(buckets: readonly Bucket[], now: number): number };
  fitOutput(
    result: object,
    caps: { readonly maxBytes: number; readonly maxRows: number },
  ): Fitted | undefined;
  isTooDeep(json: Uint8Array, maxDepth: number): boolean;
  clientAddress(
    sender: string,
    forwardedFor: string | null,
    isProxy?: (address: string, hops: number) => boolean,
  ): string;
}

interface Fitted {
  readonly value: unknown;
  readonly text: string;
  readonly marker: string;
  readonly cuts: readonly { readonly shown: number; readonly total: number }[];
}

const modules = await modulesOf(await limitsProject());
const files = ['limits/call-limits', 'calls/tool-calls', 'http/body', 'http/guards'];
const { TokenBuckets, fitOutput, isTooDeep, clientAddress }: Modules = Object.assign(
  {},
  ...(await Promise.all(
    files.map((file) => import(pathToFileURL(join(modules, `kit/${file}.js`)).href)),
  )),
);

const MINUTE = 60_000_000;

describe('a token bucket', () => {
  const bucket = fc.record({
    key: fc.constant('a'),
    perMinute: fc.integer({ min: 1, max: 100_000 }),
    burst: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000 })),
  });
  /** The times of calls in microseconds: many at once, and pauses. */
  const calls = fc
    .array(
      fc.oneof(
        fc.constant(0),
        fc.integer({ max: 1_000, min: 0 }),
        fc.integer({ max: 90_000_000, min: 0 }),
      ),
      {
        size: 'large',
        maxLength: 200,
      },
    )
    .map((gaps) => {
      let now = 0;
      return gaps.map((gap) => {
        now += gap;
        return now;
      });
    });

  /** No stretch of time has more calls than the burst and what came back meanwhile. */
  function expectWithin({ perMinute, burst }: Bucket, taken: readonly number[]): void {
    const interval = Math.round(MINUTE / perMinute);
    for (const [first, start] of taken.entries()) {
      for (const [index, end] of taken.slice(first).entries()) {
        const most = burst + Math.floor((end - start) / interval);
        if (index + 1 > most) throw new Error(`${index + 1} calls from ${start} to ${end}`);
      }
    }
  }

  test('never lets more through than the burst and what came back', () => {
    fc.assert(
      fc.property(bucket, calls, (one, times) => {
        const buckets = new TokenBuckets();
        expectWithin(
          one,
          times.filter((now) => buckets.take([one], now) === 0),
        );
      }),
    );
  });

  test('lets the whole burst through, and one more as soon as it says', () => {
    fc.assert(
      fc.property(bucket, (one) => {
        const buckets = new TokenBuckets();
        for (let call = 0; call < one.burst; call += 1) expect(buckets.take([one], 0)).toBe(0);
        const wait = buckets.take([one], 0);
        expect(wait).toBeGreaterThan(0);
        expect(buckets.take([one], wait * 1_000)).toBe(0);
      }),
    );
  });

  test('and another: a call takes from both or from none', () => {
    fc.assert(
      fc.property(bucket, bucket, calls, (one, b, times) => {
        const other = { ...b, key: 'b' };
        const [buckets, alone] = [new TokenBuckets(), new TokenBuckets()];
        const taken = times.filter((now) => buckets.take([one, other], now) === 0);
        for (const each of [one, other]) expectWithin(each, taken);
        // What was refused left no trace: the calls that were let through alone lead to the same state.
        expect(taken.filter((now) => alone.take([one, other], now) > 0)).toEqual([]);
        const end = times.at(-1) ?? 0;
        for (const each of [one, other]) {
          expect(buckets.take([each], end)).toBe(alone.take([each], end));
        }
      }),
    );
  });
});

describe('a result', () => {
  const item = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const list = fc.array(item, { maxLength: 60 });
  const name = fc.string({ unit: 'grapheme', maxLength: 12 });
  const result = fc.dictionary(
    name,
    fc.oneof(list, item, fc.dictionary(name, fc.oneof(list, item), { maxKeys: 3 })),
    { maxKeys: 5 },
  );
  const caps = fc.record({
    maxBytes: fc.integer({ min: 200, max: 4_000 }),
    maxRows: fc.integer({ min: 1, max: 50 }),
  });

  test('fits, or is refused; what stays is the start of each list and all the rest', () => {
    let [whole, cut, refused] = [0, 0, 0];
    fc.assert(
      fc.property(result, caps, (value, limits) => {
        const before = JSON.stringify(value);
        const fitted = fitOutput(value, limits);
        expect(JSON.stringify(value)).toBe(before);
        if (fitted === undefined) {
          refused += 1;
          return;
        }
        const { text, marker, cuts } = fitted;
        expect(Buffer.byteLength(text + marker)).toBeLessThanOrEqual(limits.maxBytes);
        expect(text).toBe(JSON.stringify(fitted.value));
        expect(isStartOf(JSON.parse(text), JSON.parse(before))).toBe(true);
        for (const { shown, total } of cuts) {
          expect(shown).toBeGreaterThan(0);
          expect(shown).toBeLessThan(total);
          expect(marker).toContain(`${shown} of ${total} items shown`);
        }
        if (text === before) whole += 1;
        else cut += 1;
        expect(marker === '').toBe(text === before);
      }),
      { numRuns: 1_000 },
    );
    for (const count of [whole, cut, refused]) expect(count).toBeGreaterThan(20);
  });

  /** The same keys and values, but for lists that end sooner. */
  function isStartOf(part: unknown, all: unknown): boolean {
    if (Array.isArray(part) && Array.isArray(all)) {
      return JSON.stringify(part) === JSON.stringify(all.slice(0, part.length));
    }
    if (typeof part !== 'object' || part === null || typeof all !== 'object' || all === null) {
      return part === all;
    }
    const [some, every] = [Object.entries(part), new Map(Object.entries(all))];
    return (
      some.length === every.size && some.every(([key, value]) => isStartOf(value, every.get(key)))
    );
  }
});

test('the depth of JSON is what a parser would find', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
      : 0;
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: fc.constantFrom(...'"\\[]{}:,aé') }),
      fc.integer({ min: 0, max: 8 }),
      (value, max) => {
        const bytes = Buffer.from(JSON.stringify(value));
        expect(isTooDeep(bytes, max)).toBe(depthOf(value) > max);
      },
    ),
    { numRuns: 1_000 },
  );
});

describe('the address of a client', () => {
  const header = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 })))
      .map((list) => list.join(', ')),
  );

  test('is the sender, whatever a header says, when no proxy is trusted', () => {
    fc.assert(
      fc.property(header, (text) => {
        expect(clientAddress('192.0.2.7', text)).toBe('192.0.2.7');
        expect(clientAddress('192.0.2.7', text, () => false)).toBe('192.0.2.7');
      }),
    );
  });

  test('is what our proxy adds, whatever stands before it', () => {
    fc.assert(
      fc.property(header, fc.ipV4(), (text, client) => {
        const oneProxy = (_: string, hops: number) => hops < 1;
        expect(clientAddress('192.0.2.7', `${text}, ${client}`, oneProxy)).toBe(client);
      }),
    );
  });

  test('is one for each IPv6 network', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(clientAddress(address, null)).toMatch(/^([0-9a-f]{1,4}:){4}:\/64$|^[\d.]+$/);
      }),
    );
  });
});
