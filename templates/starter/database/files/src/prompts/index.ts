export { exploreSchema } from './explore-schema.js';
