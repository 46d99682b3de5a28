// A runtime dependency that needs an install script would not install where such scripts are blocked (npm 12).
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const offenders = Object.entries(packages).filter(
  ([, info]) => info.hasInstallScript && !info.dev && !info.optional && !info.devOptional,
);
for (const [name] of offenders) console.error(`${name} has an install script`);
process.exitCode = offenders.length > 0 ? 1 : 0;
