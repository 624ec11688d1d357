/** Globs over project paths: `*` within a segment, `**` over several, everything else as it stands. */
export function matchesAny(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => toRegExp(glob).test(path));
}

function toRegExp(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|\*|[^\w/]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    return token === '*' ? '[^/]*' : `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}
