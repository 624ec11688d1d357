import { slowGuesses } from '../auth/slow-guesses.js';
