export { user } from './user.js';
export { userGuide } from './user-guide.js';
export { userSchema } from './user-schema.js';
