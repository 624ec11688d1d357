import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

/**
 * Says which calls are traced, as `OTEL_TRACES_SAMPLER` wants it. What a caller says of its own trace does not count: it could
 * keep its calls out of sight, or have all of them sent. What belongs to a call is traced as the call is.
 */
export function ownSampler(): Sampler {
  const root = rootSampler();
  return new ParentBasedSampler({ root, remoteParentSampled: root, remoteParentNotSampled: root });
}

function rootSampler(): Sampler {
  switch (getStringFromEnv('OTEL_TRACES_SAMPLER')?.replace('parentbased_', '')) {
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1);
    default:
      return new AlwaysOnSampler();
  }
}
