import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('find_places tells what a name can mean', async () => {
  const app = await createTestApp();
  const result = await callTool(app, 'find_places', { name: 'paris', limit: 2 });
  const { places } = result.structuredContent as { places: unknown[] };
  expect(places).toMatchObject([
    { name: 'Paris', region: 'Île-de-France', countryCode: 'FR', population: 2_138_551 },
    { name: 'Paris', region: 'Texas', countryCode: 'US', timezone: 'America/Chicago' },
  ]);
});

test('find_places tells when there is nothing', async () => {
  const result = await callTool(await createTestApp(), 'find_places', { name: 'Atlantis' });
  expect(result.structuredContent).toEqual({ places: [] });
});
