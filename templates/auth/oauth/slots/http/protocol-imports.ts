import { protectedResource } from '../auth/protected-resource.js';
import { authInfoOf } from '../auth/step-up.js';
