export { createUser } from './create-user.js';
export { deleteUser } from './delete-user.js';
export { getUser } from './get-user.js';
export { queryUsers } from './query-users.js';
export { updateUser } from './update-user.js';
