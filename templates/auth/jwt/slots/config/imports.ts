import { publicKey } from './auth/public-key.js';
