import { providerNames } from './auth/providers.js';
