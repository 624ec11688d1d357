import { isTrustedUrl } from './auth/trusted-url.js';
