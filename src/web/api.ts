import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { WebEnv } from './guard.ts';
import type { PageSource } from './source.ts';

const text = z.string().min(1).max(200);

const incidentQuery = z.strictObject({
  severity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  state: z.enum(['open', 'closed']).optional(),
  rule: text.optional(),
  source: text.optional(),
  host: text.optional(),
  port: z.coerce.number().int().min(-1).max(65_535).optional(),
  text: text.optional(),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

const trafficQuery = z.strictObject({ hours: z.coerce.number().min(1).max(24).default(24) });
const linesQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0) });

/** What the page reads, as JSON. Every route only reads; a query it does not understand is answered with 400 and why. */
export function api(source: PageSource): Hono<WebEnv> {
  return new Hono<WebEnv>()
    .get('/overview', (c) => c.json(source.overview()))
    .get('/grid', (c) => c.json(source.grid()))
    .get('/rules', (c) => c.json(source.rules()))
    .get('/senders', (c) => c.json(source.senders()))
    .get('/deliveries', async (c) => c.json(await source.deliveries()))
    .get('/status', async (c) => c.json({ overview: source.overview(), senders: source.senders() }))
    .get('/lines', (c) => withQuery(c, linesQuery, ({ after }) => source.lines(after)))
    .get('/traffic', (c) => withQuery(c, trafficQuery, ({ hours }) => source.traffic(hours)))
    .get('/incidents', (c) => withQuery(c, incidentQuery, (query) => source.incidents(defined(query))))
    .get('/incidents/:id', async (c) => {
      const incident = await source.incident(c.req.param('id'));
      return incident === undefined
        ? c.json({ error: 'the page knows no such incident, or not any more' }, 404)
        : c.json(incident);
    })
    .get('/sources/:ip', async (c) => c.json(await source.source(c.req.param('ip').slice(0, 64))))
    .all('*', (c) => c.json({ error: 'nothing is here' }, 404));
}

async function withQuery<Query>(
  c: Context<WebEnv>,
  schema: z.ZodType<Query>,
  answer: (query: Query) => unknown,
): Promise<Response> {
  const query = schema.safeParse(c.req.query());
  if (!query.success) return c.json({ error: z.prettifyError(query.error) }, 400);
  return c.json((await answer(query.data)) as object);
}

/** Without the members that are undefined, which exact optional properties do not allow. */
function defined<Query extends object>(
  query: Query,
): { [Key in keyof Query]: Exclude<Query[Key], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Query]: Exclude<Query[Key], undefined>;
  };
}
