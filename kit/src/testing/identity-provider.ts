import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** An identity provider on this machine: its metadata, its keys, and tokens as it would issue them. */
export class TestProvider {
  /** What its metadata says; a test may make it lie. */
  issuer = '';
  /** How often it was asked for anything. */
  asked = 0;
  readonly #key = generateKeyPair('ES256');
  readonly #server = createServer(async (request, response) => {
    this.asked += 1;
    const isKeySet = request.url === '/jwks';
    response.end(JSON.stringify(isKeySet ? await this.#jwks() : this.#metadata()));
  }).unref();

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.issuer = this.url;
    return this;
  }

  /** A right access token, but for `changes`. */
  async sign(changes: Record<string, unknown> = {}, typ = 'at+jwt'): Promise<string> {
    const exp = Math.floor(Date.now() / 1000) + 3_600;
    const claims = { iss: this.url, aud: 'http://localhost:3000/mcp', sub: 'alice', exp };
    return await new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ })
      .sign((await this.#key).privateKey);
  }

  #metadata() {
    return { issuer: this.issuer, jwks_uri: `${this.url}/jwks` };
  }

  async #jwks() {
    const jwk = await exportJWK((await this.#key).publicKey);
    return { keys: [{ ...jwk, kid: 'k1', alg: 'ES256' }] };
  }
}
