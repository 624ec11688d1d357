// Stands in for Open-Meteo: the same paths, parameters and errors, made-up weather. `node example/weather-api.mjs 4010`
// See https://open-meteo.com/en/docs and https://open-meteo.com/en/docs/geocoding-api
import { serve } from './stand-in.mjs';

/** Name, region, country, code, latitude, longitude, time zone, population. */
const PLACES = [
  ['Berlin', 'Land Berlin', 'Germany', 'DE', 52.52437, 13.41053, 'Europe/Berlin', 3_426_354],
  [
    'Berlin',
    'New Hampshire',
    'United States',
    'US',
    44.46867,
    -71.18508,
    'America/New_York',
    9_367,
  ],
  ['Paris', 'Île-de-France', 'France', 'FR', 48.85341, 2.3488, 'Europe/Paris', 2_138_551],
  ['Paris', 'Texas', 'United States', 'US', 33.66094, -95.55551, 'America/Chicago', 24_171],
  ['Zürich', 'Zurich', 'Switzerland', 'CH', 47.36667, 8.55, 'Europe/Zurich', 341_730],
  [
    'Springfield',
    'Missouri',
    'United States',
    'US',
    37.21533,
    -93.29824,
    'America/Chicago',
    166_810,
  ],
  [
    'Springfield',
    'Massachusetts',
    'United States',
    'US',
    42.10148,
    -72.58981,
    'America/New_York',
    154_341,
  ],
  [
    'Springfield',
    'Illinois',
    'United States',
    'US',
    39.80172,
    -89.64371,
    'America/Chicago',
    116_565,
  ],
  ['Tokyo', 'Tokyo', 'Japan', 'JP', 35.6895, 139.69171, 'Asia/Tokyo', 8_336_599],
  [
    'Reykjavik',
    'Capital Region',
    'Iceland',
    'IS',
    64.13548,
    -21.89541,
    'Atlantic/Reykjavik',
    118_918,
  ],
];

const VARIABLES = {
  temperature_2m: (t) => t,
  apparent_temperature: (t) => t - 2,
  temperature_2m_max: (t) => t + 4,
  temperature_2m_min: (t) => t - 5,
  relative_humidity_2m: () => 71,
  precipitation: () => 0.2,
  precipitation_sum: () => 2.5,
  precipitation_probability_max: () => 40,
  wind_speed_10m: () => 14.4,
  wind_speed_10m_max: () => 25.2,
  wind_direction_10m: () => 240,
  weather_code: () => 61,
};

const fail = (reason, status = 400) => ({ status, body: { error: true, reason } });
const round = (value) => Math.round(value * 10) / 10;
const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function search({ searchParams }) {
  const name = searchParams.get('name');
  if (name === null) return fail("Value of type 'String' required for key 'name'.");
  const count = Number(searchParams.get('count') ?? 10);
  if (!(count >= 1 && count <= 100)) return fail('Parameter count must be between 1 and 100.');
  const wanted = fold(name);
  const results = PLACES.filter(([known]) =>
    wanted.length > 2 ? fold(known).startsWith(wanted) : fold(known) === wanted,
  ).map(
    ([place, admin1, country, country_code, latitude, longitude, timezone, population], id) => ({
      id,
      name: place,
      latitude,
      longitude,
      country_code,
      timezone,
      population,
      country,
      admin1,
    }),
  );
  const found = results.slice(0, count);
  return { body: { ...(found.length > 0 && { results: found }), generationtime_ms: 0.5 } };
}

function forecast({ searchParams }) {
  const [latitude, longitude] = ['latitude', 'longitude'].map((name) =>
    Number(searchParams.get(name) ?? Number.NaN),
  );
  if (Number.isNaN(latitude + longitude)) {
    return fail("Value of type 'Float' required for key 'latitude'.");
  }
  if (Math.abs(latitude) > 90) {
    return fail(`Latitude must be in range of -90 to 90°. Given: ${latitude}.`);
  }
  const days = Number(searchParams.get('forecast_days') ?? 7);
  if (!(days >= 0 && days <= 16)) {
    return fail(`Forecast days is invalid. Allowed range 0 to 16. Given ${days}.`);
  }
  const units = unitsOf(searchParams);
  const asked = (key) => searchParams.get(key)?.split(',') ?? [];
  const unknown = [...asked('current'), ...asked('daily')].find((name) => !(name in VARIABLES));
  if (unknown !== undefined) {
    return fail(
      `Data corrupted at path ''. Cannot initialize VariableDaily from invalid String value ${unknown}.`,
    );
  }

  const near = ([, , , , lat, lon]) => Math.abs(lat - latitude) + Math.abs(lon - longitude) < 1;
  const isLocal = searchParams.get('timezone') === 'auto';
  const timezone = isLocal ? (PLACES.find(near)?.[6] ?? 'GMT') : 'GMT';
  const local = (ms) =>
    new Date(ms).toLocaleString('sv-SE', { timeZone: timezone }).replace(' ', 'T').slice(0, 16);
  const now = Date.now();
  const quarter = now - (now % 900_000);
  const temperature = round(30 - Math.abs(latitude) / 2);
  const value = (name, day = 0) => units(name).convert(VARIABLES[name](temperature + day / 2));
  const body = { latitude, longitude, generationtime_ms: 0.1, timezone, elevation: 38 };
  const record = (names, of) => Object.fromEntries(names.map((name) => [name, of(name)]));
  if (asked('current').length > 0) {
    body.current_units = {
      time: 'iso8601',
      ...record(asked('current'), (name) => units(name).unit),
    };
    body.current = {
      time: local(quarter),
      interval: 900,
      ...record(asked('current'), (name) => value(name)),
    };
  }
  if (asked('daily').length > 0) {
    const dates = Array.from({ length: days }, (_, day) => day);
    body.daily_units = { time: 'iso8601', ...record(asked('daily'), (name) => units(name).unit) };
    body.daily = {
      time: dates.map((day) => local(now + day * 86_400_000).slice(0, 10)),
      ...record(asked('daily'), (name) => dates.map((day) => value(name, day))),
    };
  }
  return { body };
}

/** How a value is given: its unit, and what makes it of the metric one. */
function unitsOf(searchParams) {
  const is = (key, unit) => searchParams.get(key) === unit;
  const same = (unit) => ({ unit, convert: round });
  return (name) => {
    if (/temperature/.test(name)) {
      if (!is('temperature_unit', 'fahrenheit')) return same('°C');
      return { unit: '°F', convert: (value) => round(value * 1.8 + 32) };
    }
    if (/wind_speed/.test(name)) {
      if (!is('wind_speed_unit', 'mph')) return same('km/h');
      return { unit: 'mp/h', convert: (value) => round(value / 1.609344) };
    }
    if (/^precipitation(?:_sum)?$/.test(name)) {
      if (!is('precipitation_unit', 'inch')) return same('mm');
      return { unit: 'inch', convert: (value) => Math.round(value / 0.0254) / 1_000 };
    }
    return same(
      /humidity|probability/.test(name) ? '%' : /direction/.test(name) ? '°' : 'wmo code',
    );
  };
}

serve(({ method, url }) => {
  const routes = { '/v1/search': search, '/v1/forecast': forecast };
  const route = method === 'GET' ? routes[url.pathname] : undefined;
  return route?.(url) ?? fail('Not Found', 404);
});
