import { fullName } from '../kit/store/explorer.js';
import { defineResource } from '../parts.js';

export const tables = defineResource({
  name: 'tables',
  uri: 'schema://tables',
  title: 'Tables',
  description: 'The names of all tables and views, one per line.',
  mimeType: 'text/plain',
  scopes: ['database:read'],
  cacheSeconds: 60,
  async read({ database, signal }) {
    return (await database.tables(signal)).map(fullName).join('\n');
  },
});
