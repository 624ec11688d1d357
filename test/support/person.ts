/** A person with a browser, as an MCP client needs one: for tests of signing in. */

/** What both client packages ask of the program that they are part of. Everything is kept in memory. */
export class PersonalClient {
  readonly redirectUrl = 'http://127.0.0.1:65535/callback';
  readonly clientMetadata = {
    client_name: 'A client of the tests',
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native' as const,
  };
  readonly clientMetadataUrl?: string;
  /** The addresses that the browser was sent to, in order. */
  readonly visits: URL[] = [];
  /** The parameters that came back with the last of them. */
  callback = new URLSearchParams();
  #information: Information | undefined;
  #tokens: Tokens | undefined;
  #verifier = '';
  #discovery: unknown;
  readonly #cookies = new Map<string, string>();

  /** With the address of a client document no registration is needed. Without `refreshes` no refresh token is wanted. */
  constructor(clientMetadataUrl?: string, refreshes = true) {
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
    if (!refreshes) this.clientMetadata.grant_types.pop();
  }

  clientInformation = () => this.#information;
  saveClientInformation = (information: Information) => {
    this.#information = information;
  };
  tokens = () => this.#tokens;
  saveTokens = (tokens: Tokens) => {
    this.#tokens = tokens;
  };
  discoveryState = () => this.#discovery as never;
  saveDiscoveryState = (state: unknown) => {
    this.#discovery = state;
  };
  codeVerifier = () => this.#verifier;
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier;
  };

  /** Follows the provider's pages until they lead back to the client. */
  redirectToAuthorization = async (start: URL) => {
    this.visits.push(start);
    let next = start;
    for (let step = 0; step < 15; step += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        this.#cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${next}: ${await response.text()}`);
      next = new URL(location, next);
      if (next.href.startsWith(this.redirectUrl)) {
        this.callback = next.searchParams;
        return;
      }
    }
    throw new Error('The provider never leads back to the client.');
  };
}

type Information = { client_id: string; client_secret?: string };
type Tokens = {
  access_token: string;
  token_type: string;
  refresh_token?: string;
  scope?: string;
  expires_in?: number;
};
