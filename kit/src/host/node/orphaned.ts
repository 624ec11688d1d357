const LOOK_EVERY_MS = 250;

/** Who started this process. */
const parent = process.ppid;

/** Calls `work` once the process that started this one is gone: nobody waits for answers then. */
export function whenOrphaned(work: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    work();
  }, LOOK_EVERY_MS);
}
