import { createIdentityProvider, type IdentityProvider } from './auth/identity-provider.js';
