const HIDDEN = '[redacted]';
/** Shorter pieces of a secret are words or numbers that would make a text unreadable. */
const MIN_PIECE = 12;

/**
 * Gives a function that removes the given secrets, and what looks like one, from a text. A secret may be a list of
 * `name:key` pairs or a URL with a password: its longer pieces are secret, too.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const pieces = new Set<string>();
  for (const secret of secrets) {
    if (secret.length >= 4) pieces.add(secret);
    for (const piece of secret.split(/[,:;\s]/)) if (piece.length >= MIN_PIECE) pieces.add(piece);
  }
  const longestFirst = [...pieces].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const piece of longestFirst) clean = clean.replaceAll(piece, HIDDEN);
    return clean
      .replace(/(:\/\/[^\s:/@]*):[^\s/@]+@/g, `$1:${HIDDEN}@`)
      .replace(/\b(bearer\s+)(?!realm=|error=)[\w.~+/-]{8,}=*/gi, `$1${HIDDEN}`)
      .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, HIDDEN);
  };
}
