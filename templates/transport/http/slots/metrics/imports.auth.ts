import type { RequestHeaders } from '../http/exchange.js';
