import { expect, test } from 'vitest';
import { openTelemetry } from '../../src/telemetry/opentelemetry.js';
import { readSettings } from '../support/app.js';

const load = (OTEL_EXPORTER_OTLP_HEADERS: string) =>
  readSettings(openTelemetry(), { OTEL_EXPORTER_OTLP_HEADERS });

test.each(['a', '=a', 'a b=c', 'a=b%0Ac', 'a=Ω', 'a=%ce%a9', 'a=%zz', 'a=b,c'])(
  'a header that could not be sent is refused at the start: %s',
  (headers) => {
    expect(() => load(headers)).toThrow('OTEL_EXPORTER_OTLP_HEADERS');
  },
);

test.each(['authorization=Bearer%20token', ' a = b , c=d,', 'x-key=a=b'])('%s', (headers) => {
  expect(load(headers).OTEL_EXPORTER_OTLP_HEADERS).toBe(headers.trim());
});
