import { addSampleEvents } from './analytics/sample-events.js';
import { seed } from './kit/serve/seed.js';
import { parts } from './parts.js';

process.exitCode = await seed(parts.store, addSampleEvents);
