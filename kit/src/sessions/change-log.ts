import type { Change } from '../definitions/changes.js';

export interface LoggedChange {
  /** Its place in the log, if it has one. */
  readonly at?: string | undefined;
  readonly change: Change;
}

/**
 * What has changed, kept for a while, so that a client that lost its stream of changes can catch up. It is one log for all
 * sessions; each reads out of it what concerns it.
 */
export interface ChangeLog {
  /** Calls `hear` with every change from now on. @returns what ends that. */
  listen(hear: (change: LoggedChange) => void): () => void;
  /** The place of the newest change. */
  newest(): Promise<string>;
  /** What came after a place; that something was missed, when nobody knows any more. */
  after(place: string): Promise<readonly LoggedChange[]>;
}

/** How many changes are kept, and for how long (milliseconds). */
export const BOUNDS = { maxChanges: 1_000, maxAgeMs: 300_000 };

/** A place in a log: which log it is, and the number of the change. */
export interface Place {
  readonly log: string;
  readonly number: number;
}

export function placeIn(text: string): Place | undefined {
  const [, log, number] = /^c(\w{0,40})-(\d{1,15})$/.exec(text) ?? [];
  return log === undefined ? undefined : { log, number: Number(number) };
}

/** All places of a log are equally long: once sealed, they do not say how much has changed. */
export function asText({ log, number }: Place): string {
  return `c${log}-${String(number).padStart(15, '0')}`;
}

/** Whether something in a log comes after a place. Another log is a later one. */
export function isAfter(one: string, other: string): boolean {
  const [here, there] = [placeIn(one), placeIn(other)];
  return here?.log !== there?.log || (here?.number ?? 0) > (there?.number ?? 0);
}
