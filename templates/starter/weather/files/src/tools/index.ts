export { findPlaces } from './find-places.js';
export { getCurrentWeather } from './get-current-weather.js';
export { getForecast } from './get-forecast.js';
