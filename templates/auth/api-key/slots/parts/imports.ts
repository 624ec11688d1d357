import { apiKeys } from './kit/auth/api-keys.js';
