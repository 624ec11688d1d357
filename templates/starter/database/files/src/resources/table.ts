import { fullName } from '../kit/store/explorer.js';
import { defineResourceTemplate } from '../parts.js';

const PREFIX = 'schema://tables/';

export const table = defineResourceTemplate({
  name: 'table',
  uriTemplate: `${PREFIX}{table}`,
  title: 'Table',
  description: 'The columns, keys and indexes of one table.',
  mimeType: 'application/json',
  scopes: ['database:read'],
  cacheSeconds: 60,
  async list({ database, signal }) {
    const all = await database.tables(signal);
    return all.map((one) => ({ uri: PREFIX + encodeURIComponent(fullName(one)), name: one.name }));
  },
  complete: {
    async table(value, { database, signal }) {
      const typed = value.toLowerCase();
      const names = (await database.tables(signal)).map(fullName);
      return names.filter((name) => name.toLowerCase().includes(typed));
    },
  },
  async read({ table: name = '' }, { database, signal }) {
    return JSON.stringify(await database.table(name, signal), null, 2);
  },
});
