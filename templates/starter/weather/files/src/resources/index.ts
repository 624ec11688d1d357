export { currentWeather } from './current-weather.js';
