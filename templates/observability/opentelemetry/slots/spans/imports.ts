import { traceHeader } from './trace-headers.js';
