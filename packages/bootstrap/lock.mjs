// package-lock.json against what is installed, and against itself.

const SYSTEMS = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  android: 'android',
  openharmony: 'openharmony',
};
const PROCESSORS = {
  64: 'x64',
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
};

/** Whether npm's record of node_modules has every package of the lock, in its version. Optional ones depend on the machine. */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/') || wanted.optional) return true;
    const found = installed.packages[path];
    return found !== undefined && (wanted.link === true || found.version === wanted.version);
  });
}

/**
 * The optional dependencies that packages in the lock name and the lock lacks: `{ path, name, version }`. A registry without some
 * platforms' binaries makes npm leave them out, and `npm ci` then refuses the lock.
 */
export function missingFromLock({ packages }) {
  return Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isFound(packages, from, name))
      .map(([name, version]) => ({ path: `node_modules/${name}`, name, version })),
  );
}

/** The same lock with an entry for everything that was missing, which names its platform so that others skip it. */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  for (const { path, name, version } of missingFromLock(lock)) packages[path] = stub(name, version);
  const sorted = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted.map((path) => [path, packages[path]])) };
}

function stub(name, version) {
  if (!/^\d/.test(version)) throw new Error(`${name} is wanted as ${version}; the lock needs one exact version`);
  const words = name.split(/[/-]/);
  const os = words.flatMap((word) => SYSTEMS[word] ?? []);
  const cpu = words.flatMap((word) => PROCESSORS[word] ?? []);
  if (os.length === 0 || cpu.length === 0) throw new Error(`cannot tell the platform of ${name}`);
  return { version, cpu, optional: true, os };
}

/** Node's own rule: a package finds what lies in a node_modules folder beside it or above it. */
function isFound(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}
