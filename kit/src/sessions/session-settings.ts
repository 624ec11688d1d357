import { int, type SettingsOf } from '../definitions/settings.js';

export const sessionSettings = {
  SESSION_IDLE_SECONDS: int(1, 86_400).default(600),
  MAX_SESSIONS: int(1, 1_000_000).default(1_000),
  MAX_SESSIONS_PER_CALLER: int(1, 1_000_000).default(20),
};

export type SessionLimits = SettingsOf<typeof sessionSettings>;
