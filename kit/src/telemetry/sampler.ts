import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
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
      return randomSampler(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1);
    default:
      return new AlwaysOnSampler();
  }
}

/** Not by the trace's id, as the library does it: callers choose that. */
function randomSampler(ratio: number): Sampler {
  const { NOT_RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
  return {
    shouldSample: () => ({ decision: Math.random() < ratio ? RECORD_AND_SAMPLED : NOT_RECORD }),
    toString: () => `random(${ratio})`,
  };
}
