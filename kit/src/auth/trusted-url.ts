const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export const UNTRUSTED = 'must be an https address, or http on this machine';

/** Whether what comes from this address can be trusted to come from there: TLS, or this machine itself. */
export function isTrustedUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
}
