/**
 * The npm registry, made whole. A mirror may hold only the packages of its own platform; Yarn then cannot resolve a
 * tool that names one package per platform as optional, although it would not download the others. Passes everything
 * through, and stands in for optional packages that are missing with an empty package for their platform.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

export interface WholeRegistry {
  /** The environment that makes Yarn, old and new, use it, with caches of its own. */
  readonly yarnSettings: Readonly<Record<string, string>>;
  /** The names of packages that the registry does not have. */
  readonly missing: ReadonlySet<string>;
  close(): Promise<void>;
}

const STAND_IN = 'stand-in';

interface Release {
  readonly optionalDependencies?: Record<string, string>;
}

interface Packument {
  readonly name: string;
  readonly versions?: Record<string, Release>;
  readonly time?: Record<string, string>;
}

/** Starts it on a port of this machine. */
export async function openWholeRegistry(): Promise<WholeRegistry> {
  const { stdout } = await execa('npm', ['config', 'get', 'registry']);
  const upstream = stdout.trim().replace(/\/$/, '');
  const optional = new Map<string, Set<string>>();
  const missing = new Set<string>();
  const caches = await mkdtemp(path.join(tmpdir(), 'create-mcp-server-registry-'));
  const empty = await emptyPackage(caches);
  const shasum = createHash('sha1').update(empty).digest('hex');
  let url = '';

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { url: asked = '/', headers } = request;
    if (asked.includes(STAND_IN)) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(empty);
      return;
    }
    const original = await fetch(`${upstream}${asked}`, {
      headers: { accept: headers.accept ?? '*/*' },
    });
    const bytes = Buffer.from(await original.arrayBuffer());
    const type = original.headers.get('content-type') ?? 'application/octet-stream';
    const name = decodeURIComponent(asked.slice(1));
    const wanted = optional.get(name) ?? new Set<string>();
    if (original.ok ? !type.includes('json') : wanted.size === 0) {
      response.writeHead(original.status, { 'content-type': type }).end(bytes);
      return;
    }
    const found = original.ok ? (JSON.parse(bytes.toString('utf8')) as Packument) : { name };
    remember(found, optional);
    const versions: Record<string, object> = { ...found.versions };
    const time = { ...found.time };
    for (const version of wanted) {
      if (versions[version]) continue;
      const tarball = `${url}/${name}/-/${STAND_IN}-${version}.tgz`;
      versions[version] = { ...standIn(name, version), dist: { tarball, shasum } };
      // Old enough for managers that wait before they trust a release.
      time[version] = '2020-01-01T00:00:00.000Z';
      missing.add(name);
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ 'dist-tags': {}, ...found, versions, time }));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  return {
    yarnSettings: yarnSettings(url, caches),
    missing,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(caches, { recursive: true, force: true });
    },
  };
}

function yarnSettings(url: string, caches: string): Record<string, string> {
  return {
    npm_config_registry: url,
    YARN_REGISTRY: url,
    YARN_CACHE_FOLDER: path.join(caches, 'classic'),
    YARN_NPM_REGISTRY_SERVER: url,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_GLOBAL_FOLDER: path.join(caches, 'berry'),
    YARN_ENABLE_TELEMETRY: '0',
  };
}

/** A tarball with nothing but a package.json. */
async function emptyPackage(folder: string): Promise<Uint8Array> {
  const source = path.join(folder, 'package');
  await mkdir(source);
  await writeFile(path.join(source, 'package.json'), '{ "name": "empty", "version": "0.0.0" }\n');
  await execa('tar', ['-czf', 'empty.tgz', 'package'], { cwd: folder });
  return readFile(path.join(folder, 'empty.tgz'));
}

/** Yarn asks for a package before it asks for what that package depends on. */
function remember({ versions = {} }: Packument, optional: Map<string, Set<string>>): void {
  for (const { optionalDependencies = {} } of Object.values(versions)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!/^\d+\.\d+\.\d+/.test(version)) continue;
      optional.set(name, (optional.get(name) ?? new Set()).add(version));
    }
  }
}

/** Platform packages are named after their platform: `@scope/tool-win32-x64`, `@scope/tool-linux-arm64-musl`. */
function standIn(name: string, version: string): object {
  const words = name.split(/[/-]/);
  const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'sunos'];
  const os = words.filter((word) => [...systems, 'openharmony', 'win32'].includes(word));
  const cpu = words.filter((word) =>
    /^(x64|ia32|arm|arm64|ppc64|riscv64|s390x|loong64)$/.test(word),
  );
  const libc = words.flatMap((word) => ({ musl: 'musl', gnu: 'glibc' })[word] ?? []);
  return {
    name,
    version,
    ...(os.length > 0 ? { os } : { os: ['none'] }),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
  };
}
