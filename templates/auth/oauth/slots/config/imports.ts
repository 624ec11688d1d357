import { providerNames } from './auth/providers.js';
import { isScope } from './pipeline/scope.js';
