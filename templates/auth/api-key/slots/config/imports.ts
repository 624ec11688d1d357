import { apiKeys } from './auth/api-keys.js';
