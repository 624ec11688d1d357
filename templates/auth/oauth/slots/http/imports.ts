import { protectedResource, serveMetadata } from '../auth/protected-resource.js';
