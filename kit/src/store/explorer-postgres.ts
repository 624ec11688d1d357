import type { Socket } from 'node:net';
import pg from 'pg';
import { ToolError } from '../definitions/definitions.js';
import { list } from '../definitions/settings.js';
import {
  type Column,
  catalog,
  type ExplorerConnection,
  type ExplorerEngine,
  explorerPart,
  type ForeignKey,
  invalidQuery,
  type RawResult,
  type ReadLimits,
  roleSettings,
  SLACK_BYTES,
  type Table,
  type TableDetails,
  withinBytes,
} from './explorer.js';
import { asStoreError, getTypeParser, postgresUrl, requestCancel } from './postgres.js';

const settings = {
  ...roleSettings,
  DATABASE_URL: postgresUrl,
  /** Tables of other schemas are not shown, and the role must not be able to read them. */
  DATABASE_SCHEMAS: list.default(['public']),
};

/** The PostgreSQL database of `DATABASE_URL`, to explore. */
export function postgresExplorer() {
  return explorerPart({
    settings,
    open: ({ DATABASE_URL, DATABASE_SCHEMAS }) => new Engine(DATABASE_URL, DATABASE_SCHEMAS),
  });
}

const CONNECT_MS = 3_000;
/** A bit more than any query may take: the database gives up even when nobody can tell it to (milliseconds). */
const STATEMENT_MS = 610_000;
const BATCH = 200;

class Connection implements ExplorerConnection {
  #isOpen = true;
  #hasBegun = false;

  constructor(private readonly client: pg.Client) {}

  async read(
    text: string,
    values: readonly string[],
    limits: ReadLimits,
    signal: AbortSignal,
  ): Promise<RawResult> {
    return await this.#stoppable(signal, limits, async () => {
      await this.#begin(text, values);
      const rows: unknown[][] = [];
      let columns: string[] = [];
      for (;;) {
        const wanted = Math.min(BATCH, limits.maxRows + 1 - rows.length);
        const fetched = await this.#run(`FETCH ${wanted} FROM result`);
        columns = fetched.fields.map(({ name }) => name);
        rows.push(...fetched.rows);
        if (fetched.rows.length < wanted) return { columns, rows, isComplete: true };
        if (rows.length > limits.maxRows) return { columns, rows, isComplete: false };
      }
    });
  }

  async explain(text: string, signal: AbortSignal): Promise<string> {
    return await this.#stoppable(signal, { maxBytes: SLACK_BYTES }, async () => {
      // Whatever cannot be declared as a cursor is no query.
      await this.#begin(text, []);
      const { rows } = await this.#run(`EXPLAIN (COSTS true) ${text}`);
      return rows.map(([line]) => String(line)).join('\n');
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Its transaction rolls back, its locks go; nobody waits for that.
    this.client.end().catch(() => {});
  }

  /** A cursor is a query by the grammar: no INTO, no statement that writes, not even in WITH. */
  async #begin(text: string, values: readonly string[]): Promise<void> {
    if (this.#hasBegun) await this.#run('ROLLBACK');
    this.#hasBegun = true;
    await this.#run('BEGIN READ ONLY');
    await this.#run(`DECLARE result NO SCROLL CURSOR FOR ${text}`, values);
  }

  async #run(text: string, values: readonly string[] = []) {
    // The extended protocol takes one statement only.
    const query: pg.QueryArrayConfig & { queryMode: 'extended' } = {
      text,
      values: [...values],
      rowMode: 'array',
      queryMode: 'extended',
    };
    return await this.client.query<unknown[][]>(query);
  }

  #stoppable<T>(
    signal: AbortSignal,
    limits: Pick<ReadLimits, 'maxBytes'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const { stream } = (this.client as unknown as { connection: { stream: Socket } }).connection;
    const giveUp = () => {
      void requestCancel(this.client as unknown as pg.PoolClient);
      this.#isOpen = false;
      stream.destroy();
    };
    return withinBytes(stream, limits, signal, giveUp, work);
  }
}

class Engine implements ExplorerEngine {
  constructor(
    private readonly url: string,
    private readonly schemas: readonly string[],
  ) {}

  async connect(): Promise<ExplorerConnection> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'explorer',
      types: { getTypeParser },
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: STATEMENT_MS,
    });
    // A lost connection fails the query under way; without a listener it would end the process.
    client.on('error', () => {});
    await client.connect();
    return new Connection(client);
  }

  async dangers(connection: ExplorerConnection): Promise<readonly string[]> {
    const rows = await catalog<{ danger: string }>(
      connection,
      DANGERS,
      [this.schemas.join(',')],
      AbortSignal.timeout(CONNECT_MS),
    );
    return rows.map(({ danger }) => danger);
  }

  tables(connection: ExplorerConnection, signal: AbortSignal): Promise<Table[]> {
    return catalog<Table>(connection, TABLES, [this.schemas.join(',')], signal);
  }

  async details(
    connection: ExplorerConnection,
    { schema, name }: Table,
    signal: AbortSignal,
  ): Promise<Omit<TableDetails, keyof Table>> {
    const [one] = await catalog<{ details: Omit<TableDetails, keyof Table> }>(
      connection,
      DETAILS,
      [schema, name],
      signal,
    );
    if (one === undefined) throw new ToolError('NOT_FOUND', 'There is no such table here.');
    return {
      columns: one.details.columns as readonly Column[],
      primaryKey: one.details.primaryKey,
      foreignKeys: one.details.foreignKeys as readonly ForeignKey[],
      indexes: one.details.indexes,
    };
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  asToolError(error: unknown): ToolError | undefined {
    const known = asStoreError(error);
    if (known !== undefined) return known;
    if (!(error instanceof pg.DatabaseError)) return undefined;
    return invalidQuery(error.hint ? `${error.message}. ${error.hint}` : error.message);
  }
}

/**
 * What the role could do besides reading the schemas of `$1`. Rights are asked for by oid: for what somebody has dropped meanwhile that
 * is no right, by name it is an error.
 */
const DANGERS = `
  WITH me AS (SELECT * FROM pg_roles WHERE rolname = current_user),
  relations AS (
    SELECT c.oid, c.relnamespace, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  ),
  owned AS (SELECT unnest(string_to_array($1, ',')) AS nspname)
  SELECT 'it is a superuser' AS danger FROM me WHERE rolsuper
  UNION ALL SELECT 'it may make roles' FROM me WHERE rolcreaterole
  UNION ALL SELECT 'it may make databases' FROM me WHERE rolcreatedb
  UNION ALL SELECT 'it may replicate' FROM me WHERE rolreplication
  UNION ALL SELECT 'row security does not hold for it' FROM me WHERE rolbypassrls
  UNION ALL SELECT * FROM (
    SELECT 'it is a member of ' || r.rolname FROM pg_roles r, me
    WHERE r.oid <> me.oid AND pg_has_role(me.oid, r.oid, 'MEMBER') AND NOT me.rolsuper
      AND (r.rolsuper OR r.rolname IN ('pg_read_server_files', 'pg_write_server_files',
        'pg_execute_server_program', 'pg_write_all_data', 'pg_signal_backend', 'pg_maintain'))
    LIMIT 3) AS memberships
  UNION ALL SELECT * FROM (
    SELECT 'it may become ' || r.rolname FROM pg_roles r, me
    WHERE r.oid <> me.oid AND NOT me.rolsuper
      AND pg_has_role(me.oid, r.oid, 'MEMBER') AND NOT pg_has_role(me.oid, r.oid, 'USAGE')
    LIMIT 3) AS others
  UNION ALL SELECT * FROM (
    SELECT 'it may change ' || format('%I.%I', nspname, relname) FROM relations, me
    WHERE NOT me.rolsuper AND (has_any_column_privilege(relations.oid, 'INSERT') OR has_any_column_privilege(relations.oid, 'UPDATE')
      OR has_table_privilege(relations.oid, 'DELETE') OR has_table_privilege(relations.oid, 'TRUNCATE'))
    LIMIT 3) AS changeable
  UNION ALL SELECT * FROM (
    SELECT 'it may read ' || format('%I.%I', nspname, relname) || ', which is not in DATABASE_SCHEMAS' FROM relations, me
    WHERE NOT me.rolsuper AND nspname NOT IN (SELECT nspname FROM owned)
      AND has_schema_privilege(relnamespace, 'USAGE') AND has_any_column_privilege(relations.oid, 'SELECT')
    LIMIT 3) AS readable
  UNION ALL SELECT * FROM (
    SELECT 'it may make tables in schema ' || nspname FROM pg_namespace, me
    WHERE NOT me.rolsuper AND nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(pg_namespace.oid, 'CREATE')
    LIMIT 3) AS schemas
  UNION ALL SELECT 'it may make schemas' FROM me
    WHERE NOT rolsuper AND has_database_privilege(current_database(), 'CREATE')
  UNION ALL SELECT * FROM (
    SELECT 'it may run ' || p.oid::regprocedure || ' of the extension ' || e.extname
    FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid, me
    WHERE NOT me.rolsuper AND e.extname IN ('dblink', 'adminpack', 'file_fdw', 'postgres_fdw', 'http', 'pg_net', 'plsh')
      AND p.proname NOT LIKE '%\\_handler' AND p.proname NOT LIKE '%\\_validator'
      AND has_function_privilege(p.oid, 'EXECUTE')
    LIMIT 3) AS functions`;

const RELATIONS = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name,
    CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
    CASE WHEN c.reltuples < 0 OR c.relkind = 'v' THEN NULL ELSE c.reltuples END AS "estimatedRows",
    obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND has_any_column_privilege(c.oid, 'SELECT')`;

const TABLES = `
  SELECT schema, name, kind, "estimatedRows", comment FROM (${RELATIONS}) AS relations
  WHERE schema = ANY (string_to_array($1, ',')) ORDER BY schema, name`;

const NAMES = (keys: string, relation: string) => `
  (SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]') FROM unnest(${keys}) WITH ORDINALITY AS k(attnum, place)
   JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.attnum)`;

const DETAILS = `
  SELECT json_build_object(
    'columns', (SELECT coalesce(json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'isNullable', NOT a.attnotnull,
        'default', pg_get_expr(d.adbin, d.adrelid), 'comment', col_description(a.attrelid, a.attnum)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(t.oid, a.attnum, 'SELECT')),
    'primaryKey', coalesce((SELECT ${NAMES('c.conkey', 't.oid')} FROM pg_constraint c
      WHERE c.conrelid = t.oid AND c.contype = 'p'), '[]'),
    'foreignKeys', (SELECT coalesce(json_agg(json_build_object('columns', ${NAMES('c.conkey', 't.oid')},
        'references', json_build_object('schema', fn.nspname, 'name', f.relname, 'columns', ${NAMES('c.confkey', 'f.oid')}))
        ORDER BY c.conname), '[]')
      FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
      WHERE c.conrelid = t.oid AND c.contype = 'f'),
    'indexes', (SELECT coalesce(json_agg(json_build_object('name', i.relname, 'definition', pg_get_indexdef(i.oid)) ORDER BY i.relname), '[]')
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = t.oid)) AS details
  FROM (${RELATIONS}) AS t WHERE t.schema = $1 AND t.name = $2`;
