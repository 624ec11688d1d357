import { type Answer, greet, show } from './http.js';
import { type CheckGroup, type CheckOutcome, SmokeFailure, skipped, unproven } from './recorder.js';
import { ERAS } from './types.js';

export interface GuardedEndpoint {
  readonly url: URL;
  /** With a credential that works. */
  readonly headers: Readonly<Record<string, string>>;
  /** The names of the headers that are the credential; empty when the server asks for none. */
  readonly credentialHeaders: readonly string[];
  /** A server that others reach through a proxy may answer any Host and any Origin on purpose. */
  readonly behindProxy: boolean;
}

const FOREIGN = 'evil.example';

/**
 * What must be refused: no or a wrong credential, a page of another site (Origin), another name for this server (Host:
 * DNS rebinding). Each is tried with the first message of both eras.
 */
export async function checkGuards(group: CheckGroup, endpoint: GuardedEndpoint): Promise<void> {
  await group.step('401 without a key', (signal) => checkNoKey(endpoint, signal));
  await group.step('401 with a wrong key', (signal) => checkWrongKey(endpoint, signal));
  await group.step('foreign Origin refused', async (signal) => {
    const origin = `https://${FOREIGN}`;
    return refused(endpoint, { origin }, `a request with Origin: ${origin}`, signal);
  });
  await group.step('wrong Host refused', async (signal) => {
    if (endpoint.behindProxy) return skipped('left to the proxy in front of the server');
    return refused(endpoint, { host: FOREIGN }, `a request with Host: ${FOREIGN}`, signal);
  });
}

async function checkNoKey(
  endpoint: GuardedEndpoint,
  signal: AbortSignal,
): Promise<string | CheckOutcome> {
  if (endpoint.credentialHeaders.length === 0) return skipped('the server requires no key');
  for (const era of ERAS) {
    const answer = await greet(era, endpoint.url, withoutKey(endpoint), signal);
    must401(answer, `without a key (${era})`);
    if (answer.headers['www-authenticate'] === undefined) {
      throw new SmokeFailure(`the 401 without a key (${era}) has no WWW-Authenticate header`);
    }
  }
  return '401, WWW-Authenticate';
}

async function checkWrongKey(
  endpoint: GuardedEndpoint,
  signal: AbortSignal,
): Promise<string | CheckOutcome> {
  if (endpoint.credentialHeaders.length === 0) return skipped('the server requires no key');
  const wrong = Object.fromEntries(
    endpoint.credentialHeaders.map((name) => [
      name,
      name.toLowerCase() === 'authorization' ? 'Bearer wrong' : 'wrong',
    ]),
  );
  for (const era of ERAS) {
    const headers = { ...withoutKey(endpoint), ...wrong };
    must401(await greet(era, endpoint.url, headers, signal), `with a wrong key (${era})`);
  }
  return '401';
}

function withoutKey({ headers, credentialHeaders }: GuardedEndpoint): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !credentialHeaders.includes(name)),
  );
}

function must401(answer: Answer, when: string): void {
  if (answer.status === 401) return;
  throw new SmokeFailure(`the server answered ${show(answer)} ${when}, expected 401`);
}

async function refused(
  endpoint: GuardedEndpoint,
  header: Readonly<Record<string, string>>,
  what: string,
  signal: AbortSignal,
): Promise<string | CheckOutcome> {
  for (const era of ERAS) {
    const answer = await greet(era, endpoint.url, { ...endpoint.headers, ...header }, signal);
    if (answer.status === 403) continue;
    const text = `${what} (${era}) was answered with ${show(answer)}, expected 403`;
    // Other refusals (421, 400) are no harm, but not what the specification asks for.
    if (answer.status >= 400 && endpoint.behindProxy) continue;
    if (endpoint.behindProxy)
      return unproven(`${text}; acceptable only for a server that is open to every site`);
    throw new SmokeFailure(text);
  }
  return '403';
}
