export { askAboutUsers } from './ask-about-users.js';
