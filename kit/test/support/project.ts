import { vi } from 'vitest';
import { FIXTURE } from './fixture.js';

// Migrations, the policy and relative paths are those of a project, which in a generated one is around the kit.
vi.mock('../../src/host/node/project.js', () => ({ PROJECT: FIXTURE, loadEnvFile() {} }));
