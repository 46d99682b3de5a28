import { type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request with exactly these headers: `fetch` forbids some of those an attacker sends. */
export function ask(
  base: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; setHost?: boolean } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, setHost = true } = options;
    const sent = request(
      { hostname, port, path, method, headers, setHost, agent: false, timeout: 10_000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer in 10 s')));
    sent.end(options.body);
  });
}
