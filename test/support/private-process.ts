import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A server of its own for tests that freeze and kill it. It is started anew after it was killed. */
export abstract class PrivateProcess {
  protected child: ChildProcess | undefined;

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** As after a crash: nothing is written, connections break. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
