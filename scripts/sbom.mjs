// Writes dist/sbom.cdx.json: what knockwatch is made of, CycloneDX, from the lock file. Fails when a
// package that runs is not pinned by a hash.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const loose = Object.entries(lock.packages).filter(
  ([path, { dev, integrity, inBundle }]) => path !== '' && !dev && !integrity && !inBundle,
);
if (loose.length > 0) {
  console.error(`not pinned by a hash: ${loose.map(([path]) => path).join(', ')}`);
  process.exit(1);
}
const { status, stdout, stderr } = spawnSync(
  'npm',
  ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'],
  { encoding: 'utf8', maxBuffer: 64 << 20 },
);
if (status !== 0) {
  console.error(stderr);
  process.exit(1);
}
const { components } = JSON.parse(stdout);
mkdirSync('dist', { recursive: true });
writeFileSync('dist/sbom.cdx.json', stdout);
console.log(`dist/sbom.cdx.json: ${components.length} packages, all pinned`);
