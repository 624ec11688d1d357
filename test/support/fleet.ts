/** Several replicas of one generated server on one database and one Redis, behind a balancer. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './cli.js';
import { type Database, postgresServer } from './databases.js';
import { PrivateRedis } from './redis.js';
import { RoundRobin } from './round-robin.js';
import { builtProject, type RunningHttp, startHttp, stop } from './server.js';
import { addProbes } from './session-probes.js';

export const KEYS = {
  alice: randomBytes(24).toString('hex'),
  bob: randomBytes(24).toString('hex'),
} as const;

const POLICY = `
roles:
  all:
    everyone: true
    allowed_tools: ["*"]
    allowed_resources: ["*"]
    allowed_prompts: ["*"]
  careful:
    everyone: false
    require_approval: [delete_note]
`;

export interface Fleet {
  readonly replicas: readonly RunningHttp[];
  readonly balancer: RoundRobin;
  readonly redis: PrivateRedis;
  readonly database: Database;
  stop(): Promise<void>;
}

/** The folder of the same project with sessions, and with tools that ask and wait. */
export function sessionsProject(): Promise<string> {
  const transport = ['http', 'sessions'];
  const choices = {
    starter: 'notes',
    transport,
    auth: 'api-key',
    datastore: 'postgres',
    state: 'redis',
  };
  return builtProject(choices, addProbes);
}

/** The folder of the built project. */
export function fleetProject(): Promise<string> {
  return builtProject({
    starter: 'notes',
    transport: ['http'],
    auth: 'api-key',
    datastore: 'postgres',
    state: 'redis',
  });
}

/** Starts a fleet. Bob has to approve what he deletes. The caller stops it. */
export async function startFleet(
  size: number,
  env: Readonly<Record<string, string>> = {},
  built = fleetProject(),
): Promise<Fleet> {
  const [project, redis, database] = await Promise.all([
    built,
    PrivateRedis.start(),
    postgresServer.create(),
  ]);
  const policy = join(temporaryFolder('create-mcp-server-fleet-'), 'policy.yaml');
  writeFileSync(policy, POLICY);
  const all = {
    MCP_API_KEYS: `alice:${KEYS.alice},bob:${KEYS.bob}:* role=careful`,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    REQUEST_STATE_SECRET: randomBytes(32).toString('hex'),
    POLICY_PATH: policy,
    RATE_LIMIT_PER_MINUTE: '1000000',
    ...env,
  };
  const replicas = await Promise.all(Array.from({ length: size }, () => startHttp(project, all)));
  const balancer = await RoundRobin.start(replicas.map(({ port }) => port));
  await everyoneListens(redis, size);
  return {
    replicas,
    balancer,
    redis,
    database,
    async stop() {
      balancer.close();
      await Promise.all(replicas.map(stop));
      await redis.kill();
      await database.drop();
    },
  };
}

/** Resolves when every replica hears of the others. */
async function everyoneListens(redis: PrivateRedis, size: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await redis.command('PUBSUB NUMSUB hostile:0:changes');
    const sessions = await redis.command('PUBSUB CHANNELS hostile:0:sessions:*');
    const inSessions = sessions.split('hostile').length - 1;
    if (answer.includes(`:${size}\r\n`) && [0, size].includes(inSessions)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('The replicas do not listen to each other.');
}
