/** An end as text: not yet known to be an address, nor its port to be one. */
export interface HostPort {
  readonly host: string;
  readonly port?: string;
}

/** Splits `address:port`, `[address]:port` or an address alone. Where colons could belong to either, all is the host. */
export function hostPort(text: string): HostPort {
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return end(bracketed[1] ?? '', bracketed[2]);
  const colon = text.indexOf(':');
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return { host: text };
  return end(text.slice(0, colon), text.slice(colon + 1));
}

function end(host: string, port: string | undefined): HostPort {
  return port === undefined ? { host } : { host, port };
}
