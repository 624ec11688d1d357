import { openTelemetry } from './kit/telemetry/opentelemetry.js';
