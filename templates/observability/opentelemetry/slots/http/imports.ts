import { rememberHeaders } from '../observability/trace-headers.js';
