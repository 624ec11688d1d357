import { parseTrustProxy } from './http/client-address.js';
