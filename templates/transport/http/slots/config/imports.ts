import { weaknessOf } from './auth/weak-secret.js';
import { parseTrustProxy } from './http/client-address.js';
import { isHostname, isOrigin } from './http/guards.js';
