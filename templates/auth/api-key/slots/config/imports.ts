import { parseApiKeys } from './auth/api-keys.js';
