// Joins what the command line loads into a few files in place of dist/main.js: Node takes about a millisecond for every
// module, and with the libraries there are some five hundred. What tsc wrote stays beside it, for worker threads.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** What so many verbs load is one file: twenty small ones take longer to open than this one takes to read. */
const COMMON = { name: 'common', minShareCount: 4 };

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
rmSync(`${DIST}/bundle`, { recursive: true, force: true });
const bundle = await rolldown({ input: `${DIST}/main.js`, platform: 'node' });
await bundle.write({
  dir: DIST,
  format: 'esm',
  sourcemap: true,
  entryFileNames: 'main.js',
  chunkFileNames: 'bundle/[name].js',
  codeSplitting: { groups: [COMMON] },
  // Blanks and comments go, names stay: stack traces are read by people.
  minify: { compress: false, mangle: false, codegen: true },
});
