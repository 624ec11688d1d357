import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Credential } from '../catalog/types.js';
import { isObject } from '../is-object.js';
import { send, show } from './http.js';
import { SmokeFailure } from './recorder.js';

type IssuerCredential = Extract<Credential, { from: 'issuer' }>;

/** Stands in for the identity provider that a new project does not have yet, during one smoke test. */
export interface SmokeIssuer {
  /** Makes a server trust it. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Reads the server's protected resource metadata as a client does, and issues a token for it. Throws a SmokeFailure
   * when the server does not publish it.
   */
  signIn(origin: URL, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** Listens on this machine only; its key is new and is never stored. */
export async function startSmokeIssuer(credential: IssuerCredential): Promise<SmokeIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'smoke', alg: 'ES256', use: 'sig' }];
  const server = createServer((request, response) => {
    const body = request.url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const issue = (audience: string, scope: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: audience, sub: 'mcp-gen-smoke', iat: now, exp: now + 600 };
    const text = [
      encode({ alg: 'ES256', kid: 'smoke', typ: credential.type }),
      encode({ ...claims, jti: randomUUID(), scope }),
    ].join('.');
    const signature = sign('sha256', Buffer.from(text), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${text}.${signature.toString('base64url')}`;
  };

  return {
    env: Object.fromEntries(
      Object.entries(credential.env).map(([name, value]) => [
        name,
        value.replaceAll('{issuer}', issuer),
      ]),
    ),
    async signIn(origin, signal) {
      const answer = await send(new URL(credential.metadata, origin), { signal });
      const metadata = parseJsonObject(answer.body);
      if (answer.status !== 200 || metadata === undefined) {
        throw new SmokeFailure(`${credential.metadata} was answered with ${show(answer)}`);
      }
      const { resource, authorization_servers: issuers, scopes_supported: scopes } = metadata;
      if (typeof resource !== 'string' || !Array.isArray(issuers) || !issuers.includes(issuer)) {
        throw new SmokeFailure(`${credential.metadata} does not name the resource and its issuer`);
      }
      return issue(resource, Array.isArray(scopes) ? scopes.join(' ') : '');
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
