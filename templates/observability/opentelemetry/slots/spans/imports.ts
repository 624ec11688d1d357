import { traceHeaders } from './trace-headers.js';
