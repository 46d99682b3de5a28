import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { PACKAGE_ROOT } from '../lib/package-root.ts';
import type { WebEnv } from './guard.ts';

const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** Every file the page consists of; nothing else is ever read. */
const FILES: Readonly<Record<string, string>> = {
  'page.css': CSS,
  'icon.svg': 'image/svg+xml',
  'main.js': JS,
  'parts.js': JS,
  'format.js': JS,
  'store.js': JS,
  'keys.js': JS,
  'grid.js': JS,
  'chart.js': JS,
  'now.js': JS,
  'incidents.js': JS,
  'incident.js': JS,
  'source.js': JS,
  'traffic.js': JS,
  'rules.js': JS,
  'senders.js': JS,
  'deliveries.js': JS,
  'vendor/preact.js': JS,
  'vendor/uplot.js': JS,
  'vendor/uplot.css': CSS,
};

/** The page as it was built, with the libraries it uses. */
export const PAGE_DIR = join(PACKAGE_ROOT, 'dist/web/page');

/** Serves the page. Every path that is no file and not claimed by others is the page itself: it reads the address. */
export function assets(pageDir: string): Hono<WebEnv> {
  const app = new Hono<WebEnv>().use(etag());
  const cache = new Map<string, Promise<Buffer<ArrayBuffer>>>();
  const read = (name: string) => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const reading = readFile(`${pageDir}/${name}`) as Promise<Buffer<ArrayBuffer>>;
    cache.set(name, reading);
    return reading;
  };
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/${name}`, async (c) => c.body(await read(name), 200, { 'Content-Type': type }));
  }
  for (const path of ['/', '/:view', '/:view/:id']) {
    app.get(path, async (c) => {
      if (!VIEWS.has(c.req.path.split('/')[1]!)) return c.text('Nothing is here.\n', 404);
      return c.body(await read('index.html'), 200, { 'Content-Type': 'text/html; charset=utf-8' });
    });
  }
  return app;
}

const VIEWS: ReadonlySet<string> = new Set([
  '',
  'incidents',
  'sources',
  'traffic',
  'rules',
  'senders',
  'deliveries',
]);
