export { reviewCode } from './review-code.js';
