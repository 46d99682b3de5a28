// Puts the page's files beside the compiled server: tsc copies no scripts, style sheets or pictures. The libraries the
// page uses are copied out of node_modules under names of our own; the page needs no bundler.
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const VENDOR = {
  'preact.js': 'node_modules/htm/preact/standalone.module.js',
  'uplot.js': 'node_modules/uplot/dist/uPlot.esm.js',
  'uplot.css': 'node_modules/uplot/dist/uPlot.min.css',
};

cpSync(at('src/web/page'), at('dist/web/page'), { recursive: true });
mkdirSync(at('dist/web/page/vendor'), { recursive: true });
for (const [name, from] of Object.entries(VENDOR)) copyFileSync(at(from), at(`dist/web/page/vendor/${name}`));
