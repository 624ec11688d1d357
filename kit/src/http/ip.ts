/** IP addresses by their bytes, in whichever way they are written: 16 of them, an address of IPv4 as `::ffff:10.0.0.1`. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const V4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const BITS = 128;
/** What an address of IPv4 has before its own bytes. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

export function isIP(text: string): boolean {
  return V4.test(text) || bytesOf(text) !== undefined;
}

/**
 * A network such as `10.0.0.0/8`, or one address, as a test of addresses.
 * @returns `undefined` when it is neither.
 */
export function networkOf(text: string): ((address: string) => boolean) | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const start = bytesOf(address);
  if (start === undefined || more.length > 0) return undefined;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  const before = V4.test(address) ? MAPPED.length * 8 : 0;
  const bits = prefix === undefined ? BITS : before + Number(prefix);
  if (bits > BITS) return undefined;
  return (other) => isWithin(start, bytesOf(other), bits);
}

function isWithin(start: Uint8Array, address: Uint8Array | undefined, bits: number): boolean {
  if (address === undefined) return false;
  return start.every((byte, index) => {
    const free = Math.min(8, Math.max(0, (index + 1) * 8 - bits));
    return byte >> free === (address[index] ?? 0) >> free;
  });
}

function bytesOf(text: string): Uint8Array | undefined {
  if (V4.test(text)) return Uint8Array.from([...MAPPED, ...text.split('.').map(Number)]);
  if (!/^[\da-f:.]+$/i.test(text) || !text.includes(':')) return undefined;
  const url = `http://[${text}]`;
  if (!URL.canParse(url)) return undefined;
  // As URLs write it there are only groups, without leading zeros: `[2001:db8::1]`.
  const [head = [], tail = []] = new URL(url).hostname.slice(1, -1).split('::').map(groupsOf);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  const groups = [...head, ...zeros, ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
